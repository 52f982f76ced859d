/** Texts that a run writes, measured beside held-out ones. */
import type { TextDataset } from "../../data/mod.ts";
import { type Engine, integers } from "../../engine/mod.ts";
import { generate, logProbabilities, type TextModel } from "../../models/text/generation/mod.ts";
import {
  evenlySpaced,
  measureTexts,
  ngramSamples,
  type TextReference,
  textReference,
  textStatisticNotes,
  type TextStatistics,
} from "../../models/text/mod.ts";
import { networkEvaluations, type OpenRun, textModel } from "./generation.ts";
import { requestOf } from "./sampling_job.ts";
import type { Parts } from "../run/warm.ts";
import { charactersOf } from "./batch.ts";
import type { WriteSettings } from "../requests/text.ts";
import type { Spread, StatisticName, WrittenResults } from "../store/records.ts";

/** Texts that are written at once. */
const BATCH = 32;
/** Sets of held-out windows, each of as many as there are texts. */
const SETS = 8;
/** Texts that are kept. */
const KEPT = 3;

/** Texts and what they cost. */
interface Batches {
  /** In tokens. */
  readonly texts: readonly Uint16Array[];
  readonly networkEvaluations: number;
  readonly seconds: number;
}

/** How far the writing is. */
interface WritingProgress {
  /** Called after each evaluation of the network for a batch of texts. */
  onEvaluation(): void;
  /** Called with the number of batches that are written. */
  onBatch(done: number): void;
}

/**
 * Writes texts with a run and measures them.
 *
 * @param parts What was written and measured before is taken from here, and kept here.
 * @throws {UserError} If the network cannot do what is asked, or does not reach as far.
 */
export async function measureWriting(
  engine: Engine,
  { network, config, dataset, ema }: OpenRun,
  settings: WriteSettings,
  parts: Parts,
  progress: WritingProgress,
): Promise<{ results: WrittenResults } & Omit<Batches, "texts">> {
  const { count: batch } = batchesOf(settings);
  const model = await textModel(engine, network, config, ema, batch);
  try {
    const counted = counting(model, progress.onEvaluation);
    const { texts, ...cost } = await writeAll(counted, settings, dataset, batch, parts, progress);
    const results = await parts.keep("measured", () => measured(model, texts, dataset, batch));
    return { results, ...cost };
  } finally {
    await model.dispose();
  }
}

/** How often a batch of texts asks the network, about. */
export function expectedEvaluations(settings: WriteSettings): number {
  return networkEvaluations(settings) * batchesOf(settings).batches;
}

/** In how many batches, of which size, the texts are written. */
export function batchesOf({ count }: WriteSettings): { count: number; batches: number } {
  const batches = Math.ceil(count / BATCH);
  return { count: Math.ceil(count / batches), batches };
}

function counting(model: TextModel, onEvaluation: () => void): TextModel {
  const counted =
    <A extends unknown[], R>(ask: (...given: A) => Promise<R>) => async (...given: A) => {
      const answer = await ask(...given);
      onEvaluation();
      return answer;
    };
  return {
    ...model,
    read: model.read && counted(model.read),
    denoise: model.denoise && counted(model.denoise),
    fill: model.fill && counted(model.fill),
  };
}

/** A batch has noise of its own, whatever the seed. */
async function writeAll(
  model: TextModel,
  settings: WriteSettings,
  dataset: TextDataset,
  batch: number,
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
  const reads = model.read !== null;
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
        real: own.length === 0 ? null : spread(own),
      }
      : null,
    texts: strings.slice(0, KEPT),
  };
}

/** None where the text is shorter than what was written. */
function heldOutSets(text: Uint16Array, lengths: readonly number[]): Uint16Array[][] {
  return Array.from({ length: SETS }, (_, set) => evenlySpaced(text, lengths, set, SETS))
    .filter((set) => set !== null);
}

function realStatistics(
  sets: readonly (readonly Uint16Array[])[],
  reference: TextReference,
): Record<StatisticName, Spread | null> {
  const statistics = sets.map((set) => measureTexts(set, reference));
  const names = Object.keys(textStatisticNotes) as StatisticName[];
  return Object.fromEntries(names.map((name) => [name, spreadOf(statistics, name)])) as Record<
    StatisticName,
    Spread | null
  >;
}

/** Null where a set has no such number. */
function spreadOf(statistics: readonly TextStatistics[], name: StatisticName): Spread | null {
  const values = statistics.map((of) => of[name]);
  return values.every((value) => value !== null) ? spread(values) : null;
}

function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: Math.sqrt(squares / (values.length - 1)) };
}

/**
 * −log p of texts with one number of tokens, in nats per character, each text on its own and each
 * token given those before it: all where the text fits the network's windows, else at least half a
 * window.
 *
 * @param lengths Characters of each token of the vocabulary.
 * @param batch Texts that the model's programs take at once.
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

/** Over all tokens of at most `batch` texts; missing ones are filled up and not counted. */
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
        nats -= logProbabilities(logits, (row * length + i - start) * size, size)[text[i]!]!;
      }
    });
    done = end;
  }
  return nats;
}
