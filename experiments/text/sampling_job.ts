/** The job of generating text, and the trained runs that it and evaluations open. */
import { RefusedValue, UserError } from "../../engine/host/mod.ts";
import {
  isAvailableLocally,
  isPath,
  loadTextDataset,
  type TextDataset,
  type Vocabulary,
  vocabularyOnly,
} from "../../data/mod.ts";
import type { Parameters } from "../../engine/mod.ts";
import {
  generate,
  type GenerationRequest,
  type TextModel,
  type TextReference,
  textReference,
  textStatistics,
} from "../../models/text/mod.ts";
import type { TextNetwork } from "../../models/text/network/mod.ts";
import {
  loadedFor,
  newestCheckpointKey,
  newestWeights,
  publishedVocabulary,
  requireSameData,
} from "../run/checkpoints.ts";
import type { Run } from "../store/run.ts";
import type { Store } from "../store/store.ts";
import { type TextConfig, textConfigOf } from "./config.ts";
import { charactersOf, networkOf } from "./network.ts";
import { GAP } from "./settings.ts";
import type { TextSample, TextSampleFrame, WriteSettings } from "./requests.ts";
import type { JobContext, Work } from "../run/job_worker.ts";
import { textModel, writingWorkload } from "./model.ts";

/** Number of frames of a film strip. */
const FRAMES = 12;

/** A text sample without its run and training step. */
export type GeneratedTexts = Pick<
  TextSample,
  "settings" | "texts" | "statistics" | "frames" | "networkEvaluations" | "seconds"
>;

/**
 * Generates texts.
 *
 * @param reference What the texts are measured against: of the dataset, and costly to make. Null
 * leaves them unmeasured.
 */
export async function writeWith(
  model: TextModel,
  settings: WriteSettings,
  dataset: TextDataset,
  reference: TextReference | null,
): Promise<GeneratedTexts> {
  const { vocabulary } = dataset.tokenized;
  const began = performance.now();
  const { tokens, length, frames, networkEvaluations } = await generate(
    model,
    requestOf(settings, dataset),
  );
  const seconds = (performance.now() - began) / 1000;
  const rows = (of: ArrayLike<number>, length: number) =>
    Array.from(
      { length: settings.count },
      (_, row) => Array.from({ length }, (_, i) => of[row * length + i]!),
    );
  const texts = rows(tokens, length).map((row) => vocabulary.decode(row));
  const prompted = settings.template === null ? [...settings.prompt].length : 0;
  return {
    settings,
    texts,
    statistics: reference &&
      textStatistics(texts.map((text) => [...text].slice(prompted).join("")), reference),
    frames: frames.map((frame) => ({
      gamma: frame.gamma,
      masked: frame.masked,
      start: charactersOf(tokens.subarray(0, frame.start), vocabulary.lengths),
      ...spelled(
        rows(frame.tokens, frame.length),
        rows(frame.confidence, frame.length),
        vocabulary,
      ),
    })),
    networkEvaluations,
    seconds,
  };
}

/** Converts the tokens of a frame to characters, each with the confidence of its token. */
function spelled(
  tokens: readonly (readonly number[])[],
  confidence: readonly (readonly number[])[],
  { decode }: Vocabulary,
): Pick<TextSampleFrame, "texts" | "confidence"> {
  const pieces = tokens.map((row) => row.map((token) => token < 0 ? GAP : decode([token])));
  return {
    texts: pieces.map((row) => row.join("")),
    confidence: confidence.map((row, text) =>
      row.flatMap((share, i) => Array.from(pieces[text]![i]!, () => Math.round(100 * share) / 100))
    ),
  };
}

/**
 * Converts settings to a request of models/text.
 *
 * @throws {RefusedValue} If a text has characters outside the vocabulary.
 */
export function requestOf(
  settings: WriteSettings,
  { tokenized: { vocabulary } }: TextDataset,
): GenerationRequest {
  const encode = (field: "prompt" | "template") => (text: string) => {
    try {
      return Int32Array.from(vocabulary.encode(text));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new RefusedValue((name) => error.message.replace("the text", () => name(field)));
    }
  };
  const template = settings.template === null
    ? undefined
    : templateOf(settings.template, encode("template"));
  return {
    mode: settings.mode,
    count: settings.count,
    length: settings.length,
    prompt: encode("prompt")(settings.prompt),
    template,
    blockSize: settings.block_size,
    steps: settings.steps,
    sampler: settings.sampler,
    temperature: settings.temperature,
    topP: settings.top_p,
    diffusionWeight: settings.diffusion_weight,
    reviseShare: settings.revise_share,
    rounds: settings.rounds,
    seed: settings.seed,
    frames: settings.film_strip ? FRAMES : 0,
  };
}

/** Returns the tokens of a template, −1 for every gap. */
function templateOf(template: string, encode: (text: string) => Int32Array): Int32Array {
  return Int32Array.from(
    template.split(GAP).flatMap((text, i) => i === 0 ? [...encode(text)] : [-1, ...encode(text)]),
  );
}

/** A trained text run: its text, its network and its weights. */
export interface OpenRun {
  readonly store: Store;
  readonly run: Run;
  readonly config: TextConfig;
  readonly dataset: TextDataset;
  readonly network: TextNetwork;
  /** Training step of the weights. */
  readonly step: number;
  readonly ema: Parameters;
}

/**
 * Loads the newest weights of a run and its text.
 *
 * @param options.needsText Whether the text itself is needed. Where it is not, a pretrained run whose text
 * is not at hand has its characters alone, and nothing is downloaded.
 * @throws {UserError} If there are none yet, or the text is another than it learnt from.
 */
export async function openTextRun(
  { store, run, cache, dataDirectory, report }: JobContext,
  { needsText = true }: { readonly needsText?: boolean } = {},
): Promise<OpenRun & { readonly key: string }> {
  const config = textConfigOf(run);
  const { dataset: name, context, vocabulary_size } = config;
  const load = () =>
    loadedFor(
      run,
      loadTextDataset(name, {
        context,
        vocabularySize: vocabulary_size,
        directory: dataDirectory,
        onProgress: ({ file }) => report(0, 1, `Downloading ${file}`),
      }),
    );
  const characters = needsText ? undefined : publishedVocabulary(store, run);
  const dataset =
    characters !== undefined && !await isAvailableLocally(name, { directory: dataDirectory })
      ? vocabularyOnly({ name, hash: run.datasetHash!, characters })
      : isPath(name, "text")
      // The file may have been written to since.
      ? await load()
      : await cache.get(`text ${name} ${context} ${vocabulary_size} ${dataDirectory}`, load);
  requireSameData(run, dataset);
  const key = newestCheckpointKey(store, run);
  const weights = await cache.get(`weights ${key}`, () => {
    const network = networkOf(config, dataset.tokenized.vocabulary.size);
    return { network, ...newestWeights(store, run, network) };
  });
  return { store, run, config, dataset, key, ...weights };
}

/** The input of the job. */
export interface WritingInput {
  readonly settings: WriteSettings;
}

export const writeTexts: Work = async (context) => {
  const { settings } = context.input as WritingInput;
  const { cache, device, report } = context;
  const { store, run, key, config, dataset, network, step, ema } = await openTextRun(context, {
    needsText: false,
  });
  report(0, 2, `Compiling the network of step ${step}`);
  const { count } = settings;
  const engine = await cache.engineFor(
    device,
    `${key} ${JSON.stringify(settings)}`,
    writingWorkload(network, ema, settings, { count, batches: 1 }),
  );
  const model = await textModel(
    engine,
    network,
    config,
    ema,
    {
      count,
      compiled: (name, compile) =>
        cache.get(
          `${name} ${engine.device} ${count} ${key}`,
          compile,
          (program) => program.dispose(),
        ),
    },
  );
  report(1, 2, `Writing by ${settings.mode}`);
  const reference = dataset.train.length === 0
    ? null
    : await cache.get(`reference ${dataset.hash}`, () => textReference(dataset));
  const written = await writeWith(model, settings, dataset, reference);
  return () => store.texts.insert({ ...written, runId: run.id, step, device: engine.device });
};
