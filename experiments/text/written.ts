/** Statistics of generated texts, compared with held-out text. */
import type { TextDataset } from "../../data/mod.ts";
import { type Engine, integers } from "../../engine/mod.ts";
import {
  evenlySpaced,
  generate,
  logProbabilities,
  measureTexts,
  ngramSamples,
  rowOf,
  type TextModel,
  type TextReference,
  textReference,
  textStatisticNotes,
} from "../../models/text/mod.ts";
import { type OpenRun, requestOf } from "./sampling_job.ts";
import { networkEvaluations } from "./settings.ts";
import type { Parts } from "../common/system.ts";
import { charactersOf } from "./network.ts";
import { type Spread, spreadOf } from "../common/statistics.ts";
import type { StatisticName, WriteSettings, WrittenResults } from "./requests.ts";
import { textModel } from "./model.ts";

/** Number of texts in a batch. */
const BATCH = 32;
/** Number of sets of held-out windows, each of the size of the sample. */
const SETS = 8;
/** Number of texts that are stored. */
const KEPT = 3;

/** Generated texts and their cost. */
interface Batches {
  /** The texts as tokens. */
  readonly texts: readonly Uint16Array[];
  readonly networkEvaluations: number;
  readonly seconds: number;
}

/** Progress of generation. */
interface WritingProgress {
  /** Called after each evaluation of the network for a batch of texts. */
  onEvaluation(): void;
  /** Called with the number of completed batches. */
  onBatch(done: number): void;
}

/**
 * Generates texts and computes their statistics.
 *
 * @param parts Finished parts of an interrupted job; new ones are added.
 * @throws {UserError} If the network does not support the mode, or the text exceeds its context.
 */
export async function measureWriting(
  engine: Engine,
  { network, config, dataset, ema }: OpenRun,
  settings: WriteSettings,
  parts: Parts,
  progress: WritingProgress,
): Promise<{ results: WrittenResults } & Omit<Batches, "texts">> {
  const { count: batch } = batchesOf(settings);
  const model = await textModel(engine, network, config, ema, { count: batch });
  try {
    const counted = counting(model, progress.onEvaluation);
    const { texts, ...cost } = await writeAll(
      counted,
      { settings, dataset, batch },
      parts,
      progress,
    );
    const results = await parts.keep("measured", () => measured(model, texts, dataset, batch));
    return { results, ...cost };
  } finally {
    await model.dispose();
  }
}

/** Returns the approximate number of network evaluations for a batch of texts. */
export function expectedEvaluations(settings: WriteSettings): number {
  return networkEvaluations(settings) * batchesOf(settings).batches;
}

/** Returns the number of batches and their size. */
export function batchesOf({ count }: WriteSettings): { count: number; batches: number } {
  const batches = Math.ceil(count / BATCH);
  return { count: Math.ceil(count / batches), batches };
}

function counting(model: TextModel, onEvaluation: () => void): TextModel {
  const counted =
    <A extends unknown[], R>(evaluate: (...inputs: A) => Promise<R>) => async (...inputs: A) => {
      const outputs = await evaluate(...inputs);
      onEvaluation();
      return outputs;
    };
  return {
    ...model,
    read: model.read && counted(model.read),
    denoise: model.denoise && counted(model.denoise),
    sample: model.sample && ((loop) => model.sample!(loop, onEvaluation)),
    fill: model.fill && counted(model.fill),
  };
}

/** Generates all batches, each with its own random stream. */
async function writeAll(
  model: TextModel,
  { settings, dataset, batch }: {
    readonly settings: WriteSettings;
    readonly dataset: TextDataset;
    readonly batch: number;
  },
  parts: Parts,
  { onBatch }: WritingProgress,
): Promise<Batches> {
  const texts: Uint16Array[] = [];
  let [evaluations, seconds] = [0, 0];
  for (let step = 0; texts.length < settings.count; step++) {
    const written = await parts.keep(`texts-${step}`, () => writeBatch(step));
    texts.push(...written.texts.slice(0, settings.count - texts.length));
    evaluations = written.networkEvaluations;
    seconds += written.seconds;
    onBatch(step + 1);
  }
  return { texts, networkEvaluations: evaluations, seconds };

  async function writeBatch(step: number): Promise<Batches> {
    const key = { seed: settings.seed, stream: "evaluation-batch", step };
    const [seed] = integers(key, 1, 2 ** 31);
    const began = performance.now();
    const { tokens, length, networkEvaluations } = await generate(
      model,
      requestOf({ ...settings, count: batch, seed: seed! }, dataset),
    );
    return {
      texts: Array.from(
        { length: batch },
        (_, row) => Uint16Array.from(tokens.subarray(row * length, (row + 1) * length)),
      ),
      networkEvaluations,
      seconds: (performance.now() - began) / 1000,
    };
  }
}

async function measured(
  model: TextModel,
  texts: readonly Uint16Array[],
  dataset: TextDataset,
  batch: number,
): Promise<WrittenResults> {
  const reference = textReference(dataset);
  const { vocabulary, validation } = dataset.tokenized;
  const strings = texts.map((text) => vocabulary.decode(text));
  const spelled = strings.map((text) => dataset.vocabulary.encode(text));
  const lengths = spelled.map(({ length }) => length);
  const sets = heldOutSets(dataset.validation, lengths);
  const reads = model.read !== undefined;
  const own: number[] = [];
  if (reads) {
    for (const set of heldOutSets(validation, texts.map(({ length }) => length))) {
      own.push(await ownNats(model, set, batch, vocabulary.lengths));
    }
  }
  return {
    written: measureTexts(spelled, reference),
    real: sets.length === 0 ? null : realStatistics(sets, reference),
    sets: sets.length,
    ngrams: measureTexts(ngramSamples(lengths, reference), reference),
    ownNats: reads
      ? {
        written: await ownNats(model, texts, batch, vocabulary.lengths),
        real: own.length === 0 ? null : spreadOf(own),
      }
      : null,
    texts: strings.slice(0, KEPT),
  };
}

/** Returns sets of held-out windows; none if the text is shorter than a sample. */
function heldOutSets(text: Uint16Array, lengths: readonly number[]): Uint16Array[][] {
  return Array.from({ length: SETS }, (_, set) => evenlySpaced(text, lengths, set, SETS))
    .filter((set) => set !== null);
}

/** Returns mean and spread of each statistic over the sets; null for one that a set lacks. */
function realStatistics(
  sets: readonly (readonly Uint16Array[])[],
  reference: TextReference,
): Record<StatisticName, Spread | null> {
  const statistics = sets.map((set) => measureTexts(set, reference));
  const names = Object.keys(textStatisticNotes) as StatisticName[];
  const spreads = names.map((name) => {
    const values = statistics.map((of) => of[name]);
    return [name, values.every((value) => value !== null) ? spreadOf(values) : null];
  });
  return Object.fromEntries(spreads) as Record<StatisticName, Spread | null>;
}

/**
 * Returns −log p of texts with the same number of tokens, in nats per character. Each token is conditioned on
 * all tokens before it if the text fits in the context, otherwise on at least half a window.
 *
 * @param lengths Number of characters of each token.
 * @param batch Batch size of the programs of the model.
 */
export async function ownNats(
  model: TextModel,
  texts: readonly Uint16Array[],
  batch: number,
  lengths: ArrayLike<number>,
): Promise<number> {
  let nats = 0;
  for (let from = 0; from < texts.length; from += batch) {
    const taken = texts.slice(from, from + batch);
    nats += await totalNats(model, taken, batch);
  }
  return nats / texts.reduce((sum, text) => sum + charactersOf(text, lengths), 0);
}

/** Returns the sum over all tokens of at most `batch` texts; the batch is padded with texts that do not count. */
async function totalNats(
  model: TextModel,
  texts: readonly Uint16Array[],
  batch: number,
): Promise<number> {
  const { context, vocabularySize: size } = model;
  const total = texts[0]!.length;
  let nats = 0;
  for (let done = 0; done < total;) {
    const start = done === 0 ? 0 : Math.max(0, Math.min(done - (context >> 1), total - context));
    const end = Math.min(start + context, total);
    const length = end - start;
    const read = new Int32Array(batch * (length - 1));
    texts.forEach((text, row) => read.set(text.subarray(start, end - 1), row * (length - 1)));
    const logits = await model.read!(read, batch, length - 1);
    texts.forEach((text, row) => {
      for (let i = done; i < end; i++) {
        nats -= logProbabilities(rowOf(logits, row * length + i - start, size))[text[i]!]!;
      }
    });
    done = end;
  }
  return nats;
}
