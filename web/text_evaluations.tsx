/** Tables of evaluations of runs on text, beside n-gram models and real text. */
import {
  isBlockwise,
  type NgramBaselines,
  type TextEvaluation,
  type TextSample,
} from "../experiments/mod.ts";
import { formatMeasured, formatNumber } from "../figures/mod.ts";
import { runUrl, Time } from "./layout.tsx";
import { EvaluationTable } from "./modality_view.tsx";

/** @param props.named Says which run each row is of. */
export function TextEvaluationTable(
  { evaluations, named }: { evaluations: readonly TextEvaluation[]; named: boolean },
) {
  return (
    <>
      <Bounds evaluations={evaluations} named={named} />
      <Texts evaluations={evaluations} named={named} />
    </>
  );
}

type Props = Parameters<typeof TextEvaluationTable>[0];

/** Nats per character: a column for each block size and number of steps, the n-grams below. */
function Bounds({ evaluations, named }: Props) {
  const columns = columnsOf(evaluations);
  const [newest] = evaluations as [TextEvaluation];
  return (
    <EvaluationTable
      label="Nats per character"
      head={[named ? "run" : "training step", ...columns.map(titleOf), "draws", "when"]}
      note={
        <>
          Nats per character of held-out text, ± standard errors over draws; blocks of 1 are exact,
          the others bounds. With a number of steps it is the bound of a sampler that takes so many
          (ddpm at temperature 1). {baselineText(newest.results.baselines)}
        </>
      }
    >
      {evaluations.map((evaluation) => (
        <tr>
          <th scope="row">
            {named
              ? <a href={runUrl(evaluation.runId)}>{evaluation.runId}</a>
              : evaluation.step.toLocaleString("en-US")}
          </th>
          {columns.map((column) => <td>{natsAt(evaluation, column)}</td>)}
          <td>{evaluation.settings.draws}</td>
          <td>
            <Time at={evaluation.createdAt} />
          </td>
        </tr>
      ))}
    </EvaluationTable>
  );
}

/** "Without a network: uniform 4.17; 1-gram 3.32, 2-gram 2.46." */
export function baselineText({ uniform, ngrams }: NgramBaselines): string {
  return `Without a network: uniform ${formatMeasured(uniform)}; ${
    ngrams.map((nats, i) => `${i + 1}-gram ${formatMeasured(nats)}`).join(", ")
  }.`;
}

interface Column {
  readonly blockSize: number;
  readonly steps: number | null;
}

function columnsOf(evaluations: readonly TextEvaluation[]): Column[] {
  const columns = new Map(
    evaluations.flatMap(({ results }) =>
      results.bounds.map(({ blockSize, steps }) => [`${blockSize}/${steps}`, { blockSize, steps }])
    ),
  );
  return [...columns.values()].sort((a, b) =>
    a.blockSize - b.blockSize || (b.steps ?? Infinity) - (a.steps ?? Infinity) || 0
  );
}

function titleOf({ blockSize, steps }: Column): string {
  if (blockSize === 1) return "left to right";
  return `blocks of ${blockSize}${steps === null ? "" : `, ${steps} steps`}`;
}

function natsAt({ results }: TextEvaluation, { blockSize, steps }: Column) {
  const bound = results.bounds.find((b) => b.blockSize === blockSize && b.steps === steps);
  if (!bound) return "–";
  return (
    <>
      <b>{formatMeasured(bound.total)}</b> ± {formatNumber(bound.standardError, 2)}
    </>
  );
}

/** The written texts, each number with that of real text in brackets. */
function Texts({ evaluations, named }: Props) {
  return (
    <EvaluationTable
      label="Written texts"
      head={[...(named ? ["run"] : []), ...TEXT_COLUMNS]}
      note={
        <>
          In brackets are the values of real text of the same length, ± their standard deviation
          over several sets. Own nats are the nats per character of the texts under the run itself,
          reading from left to right.
        </>
      }
    >
      {evaluations.map((evaluation) => <TextRow evaluation={evaluation} named={named} />)}
    </EvaluationTable>
  );
}

const TEXT_COLUMNS = [
  "written by",
  "texts",
  "5-gram nats",
  "own nats",
  "4-gram entropy",
  "distinct words",
  "known words",
  "repetition",
  "longest copy",
  "evaluations each",
  "seconds",
];

function TextRow({ evaluation, named }: { evaluation: TextEvaluation; named: boolean }) {
  const { runId, settings: { writing }, results: { texts } } = evaluation;
  const { written, real, ownNats } = texts;
  return (
    <tr>
      {named && (
        <td>
          <a href={runUrl(runId)}>{runId}</a>
        </td>
      )}
      <th scope="row">{writingText(writing)}</th>
      <td>{writing.count} of {writing.length}</td>
      <td>{beside(written.ngramNats, real?.ngramNats)}</td>
      <td>{ownNats === null ? "–" : beside(ownNats.written, ownNats.real)}</td>
      <td>{beside(written.fourGramEntropy, real?.fourGramEntropy)}</td>
      <td>{beside(written.distinctWords, real?.distinctWords)}</td>
      <td>{beside(written.knownWords, real?.knownWords)}</td>
      <td>{beside(written.repetition, real?.repetition)}</td>
      <td>{beside(written.longestCopy, real?.longestCopy)}</td>
      <td>{evaluation.networkEvaluations}</td>
      <td>{formatNumber(evaluation.samplingSeconds)}</td>
    </tr>
  );
}

/** "guided in blocks of 16, ddpm 64 steps, temperature 0.7". */
export function writingText(
  { mode, block_size, sampler, steps, temperature }: TextSample["settings"],
): string {
  const blocks = mode === "blocks"
    ? ` of ${block_size}`
    : isBlockwise(mode)
    ? ` in blocks of ${block_size}`
    : "";
  const steppedBy = mode === "autoregressive" ? "" : `, ${sampler} ${steps} steps`;
  return `${mode}${blocks}${steppedBy}, temperature ${temperature}`;
}

/** "1.95 (1.88 ± 0.02)". */
function beside(
  written: number | null,
  real: { readonly mean: number; readonly sd: number } | null | undefined,
): string {
  const value = written === null ? "–" : formatNumber(written);
  return real ? `${value} (${formatNumber(real.mean)} ± ${formatNumber(real.sd, 2)})` : value;
}
