/** The tools' presentation of runs whose samples are pictures. */
import { capital, counted, withoutUndefined } from "../engine/host/mod.ts";
import type { CallToolResult } from "@modelcontextprotocol/server";
import {
  imageConfigOf,
  type ImageEvaluation,
  type Lab,
  recognisedShare,
  type Run,
  type Sample,
} from "../experiments/mod.ts";
import type { Detail } from "./fields.ts";
import { evaluateCalls, type Fields, period, repeated, sampleCall, sampleUri } from "./links.ts";
import { andSettings, damageNote, percent, rounded, settingText, table } from "./rows.ts";
import type { Call } from "./define.ts";
import type { ModalityView } from "./table_view.ts";
import { answer, picture } from "./answer.ts";

export const pictureView: ModalityView = {
  sampled: pictureAnswer,
  samples: (lab, runId) => lab.samples(runId),
  sampleLine: ({ id, kind, step }: Sample) => ({ id, kind: kind.replace("-", " "), step }),
  evaluationTable,
  evaluationTables,
  evaluationSummary,
};

async function pictureAnswer(
  id: string,
  { lab, links }: Pick<Call, "lab" | "links">,
  detail: Detail,
): Promise<CallToolResult> {
  const sample = lab.sampleById(id);
  const run = lab.run(sample.runId);
  const again = repeated(run, sample);
  const { FILM_EXAMPLES, sampleForModel } = await import("../figures/mod.ts");
  const { png, path, shown } = await sampleForModel(lab, sample.id, detail);
  const uri = sampleUri(sample.id);
  return answer(
    {
      summary: summaryOf(sample, again) + shownNote(sample, shown, FILM_EXAMPLES) +
        damageNote(lab, sample.runId, sample.step) +
        await keptPicturesSummary(lab, sample),
      next: nextFor(lab, run, sample, again),
      viewerUrl: links.samples(sample.runId),
    },
    [
      `Picture: ${sample.id}, resource ${uri}, file ${path}`,
      "Look at it before you judge: what can be made out, and which classes fail?",
    ],
    [
      picture(png),
      {
        type: "resource_link",
        uri,
        name: sample.id,
        mimeType: "image/png",
        description: `${sample.kind} of ${sample.runId} at step ${sample.step}`,
      },
    ],
  );
}

function nextFor(lab: Lab, run: Run, sample: Sample, again: Fields): string[] {
  const guided = sample.settings.guidance_scale === 1 && imageConfigOf(run).label_dropout > 0
    ? [
      sampleCall(
        run,
        { ...again, guidance_scale: 2 },
        "see the same noise with stronger guidance",
        // Guidance evaluates the network with and without the class.
        2 * sample.seconds,
      ),
    ]
    : [];
  return [...guided, ...evaluateCalls(lab, run)];
}

/** A note on the part of a sample that the picture shows; "" if it shows all. */
function shownNote(
  { kind, settings: { count } }: Sample,
  shown: { readonly examples: number; readonly frames: number } | null,
  most: number,
): string {
  const strip = kind === "film-strip";
  if (shown) {
    return ` The picture shows the first ${shown.examples} of ${count}` +
      `${strip ? ` at ${shown.frames} times` : ""}; detail "full" and the viewer show all.`;
  }
  return strip && count > most ? ` The picture shows the first ${most} of ${count}.` : "";
}

function summaryOf(sample: Sample, again: Fields): string {
  const { settings } = sample;
  return `${capital(counted(settings.count, "picture"))} from ${sample.runId} at training step ` +
    `${sample.step} (${settings.sampler}, ${counted(settings.steps, "step")}, ` +
    `${counted(sample.networkEvaluations, "network evaluation")} each, guidance ` +
    `${settings.guidance_scale}${andSettings(OPTIONS, again)}, seed ${settings.seed}), classes ` +
    `${classes(settings.classes)}, ` +
    `in ${sample.seconds.toFixed(1)} s on ${sample.device}.`;
}

/** Options of samplers, of their noise levels and of guidance; a summary says those that differ from their default. */
const OPTIONS = [
  "eta",
  "variance",
  "churn",
  "spacing",
  "rho",
  "guidance_rescale",
  "guidance_interval",
] as const;

/** The changes to held-out pictures, and the share that is still classified as their class. */
async function keptPicturesSummary(lab: Lab, sample: Sample): Promise<string> {
  const { keep, strength, pictures, resamples, count } = sample.settings;
  if (!pictures) return "";
  const made = [
    ...(keep ? [`the ${keep} half kept, each step repeated ${counted(resamples!, "time")}`] : []),
    ...(strength === undefined ? [] : [`started at strength ${strength}`]),
  ];
  const { heldOut } = await lab.samplePixels(sample.id);
  const share = heldOut ? recognisedShare(heldOut) : null;
  return ` From held-out pictures (shown above each): ${made.join("; ")}.` +
    heldOutNote(lab, sample) +
    (share === null
      ? ""
      : ` The classifier sees ${Math.round(share * count)} of ${count} as the class they were of.`);
}

/**
 * A sentence where the held-out pictures are not of the run's own data set, with a space before it; nothing
 * otherwise.
 */
export function heldOutNote(lab: Lab, { runId, settings: { pictures_of } }: Sample): string {
  return pictures_of === undefined
    ? ""
    : ` The held-out pictures are of ${pictures_of}, which comes with the program: ` +
      `${lab.run(runId).config.dataset} is not available on this machine.`;
}

/** "0 to 9 in turn", "3, 8 in turn", "all 7", or the list. */
function classes(values: readonly number[]): string {
  if (values.length > 1 && values.every((value) => value === values[0])) return `all ${values[0]}`;
  const once = period(values);
  const listed = once.length > 2 && once.every((value, i) => value === i)
    ? `0 to ${once.length - 1}`
    : once.length > 20
    ? `${once.slice(0, 20).join(", ")}, ...`
    : once.join(", ");
  return once.length < values.length ? `${listed} in turn` : listed;
}

/** A Markdown table of evaluations, "" for none. */
function evaluationTable(evaluations: readonly ImageEvaluation[]): string {
  if (evaluations.length === 0) return "";
  return table(
    ["evaluation", "sampling", "count", "NFE", "seconds", "frechet", "floor", "accuracy"],
    evaluations.map(({ id, settings, results, networkEvaluations, samplingSeconds }) => [
      id,
      samplingOf(settings),
      settings.count,
      networkEvaluations,
      Number(samplingSeconds.toPrecision(2)),
      `${rounded(results.frechet.distance)} ± ${rounded(results.frechet.distanceSd)}`,
      `${rounded(results.frechet.floor)} ± ${rounded(results.frechet.floorSd)}`,
      rounded(results.accuracy) ?? "-",
    ]),
  );
}

/** "ddim 25, guidance 1, eta 0.5": every setting that a request may differ in. */
function samplingOf({ count: _, ...settings }: ImageEvaluation["settings"]): string {
  const { sampler, steps, guidance_scale, eta, seed, ...others } = settings;
  const usual = eta === 0 || sampler === "ddpm";
  return [
    `${sampler} ${steps}`,
    `guidance ${guidance_scale}`,
    ...(usual ? [] : [`eta ${eta}`]),
    ...Object.entries(withoutUndefined(others))
      .map(([name, value]) => settingText(name, value)),
    ...(seed === 0 ? [] : [`seed ${seed}`]),
  ].join(", ");
}

/** Tables of the sampler's settings and cost, and of every measure beside that of real pictures. */
function evaluationTables(evaluation: ImageEvaluation): string[] {
  const { results, settings, measuringSeconds, classifier } = evaluation;
  const { frechet, nearestTraining, real } = results;
  const measures: [string, number | null, number | null, string][] = [
    ["Fréchet distance", frechet.distance, frechet.floor, "squared feature units, lower is better"],
    ["standard deviation of it", frechet.distanceSd, frechet.floorSd, `${frechet.draws} draws`],
    ["accuracy", results.accuracy, null, "share classified as asked"],
    ["probability of the asked class", results.targetProbability, null, "mean"],
    ["class entropy", results.classEntropy, results.realClassEntropy, "nats, high is balanced"],
    ["precision", results.precision, real.precision, "share among real ones, k-NN"],
    ["recall", results.recall, real.recall, "share of real ones among them, k-NN"],
    [
      "distance to the nearest training image",
      nearestTraining.median,
      nearestTraining.realMedian,
      "median over pixels in [-1, 1]",
    ],
    ["copies", nearestTraining.copies, 0.01, "share nearer than 1 % of held-out ones"],
  ];
  return [
    evaluationTable([evaluation]),
    table(
      ["measure", "these pictures", "held-out pictures", "unit"],
      measures.map(([name, made, held, unit]) => [
        name,
        rounded(made) ?? "-",
        rounded(held) ?? "-",
        unit,
      ]),
    ),
    `Seed ${settings.seed}; measured in ${measuringSeconds.toFixed(1)} s on ${evaluation.device} ` +
    `by classifier ${classifier.hash.slice(0, 12)}, code ${evaluation.codeVersion}.`,
  ];
}

/** The results of an evaluation in a few sentences. */
function evaluationSummary(evaluation: ImageEvaluation): string {
  const { runId, step, settings, results, networkEvaluations, samplingSeconds } = evaluation;
  const { frechet, precision, recall, real } = results;
  const times = (frechet.distance / frechet.floor).toPrecision(3);
  const hits = results.accuracy === null
    ? "no class was asked for"
    : `${percent(results.accuracy)} are classified as asked`;
  return `${settings.count} pictures from ${runId} at training step ${step} ` +
    `(${settings.sampler}, ${networkEvaluations} network evaluations each, guidance ` +
    `${settings.guidance_scale}, ${samplingSeconds.toFixed(1)} s): Fréchet distance ` +
    `${frechet.distance.toPrecision(3)}, ${times} times the floor of ` +
    `${frechet.floor.toPrecision(3)} that real pictures have at this count; ${hits}; precision ` +
    `${precision.toFixed(2)} and recall ${recall.toFixed(2)} (real pictures: ` +
    `${real.precision.toFixed(2)} and ${
      real.recall.toFixed(2)
    }). The judging classifier is right ` +
    `on ${percent(evaluation.classifier.accuracy)} of held-out pictures.`;
}
