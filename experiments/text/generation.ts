/** A trained text run: its network, weights and text, and the programs for generation. */
import {
  isAvailableLocally,
  isPath,
  loadTextDataset,
  type TextDataset,
  vocabularyOnly,
} from "../../data/mod.ts";
import type { Arrays, Engine, Parameters, Program, Workload } from "../../engine/mod.ts";
import {
  continuationMask,
  embeddingsOf,
  nextCharacters,
  rotaryTables,
  textDenoiser,
  textFiller,
  type TextNetwork,
} from "../../models/text/network/mod.ts";
import { EMBEDDING_DIMENSION } from "../../models/text/mod.ts";
import type { Store } from "../store/store.ts";
import { networkOf, noiseRange } from "./network.ts";
import { noiseInputs } from "../../models/diffusion/mod.ts";
import { compileStep, type Step } from "../../models/steps/mod.ts";
import { columns, type TextModel } from "../../models/text/generation/mod.ts";
import type { Run } from "../store/run.ts";
import type { WriteSettings } from "./requests.ts";
import {
  newestCheckpointKey,
  newestWeights,
  publishedVocabulary,
  requireSameData,
} from "../run/checkpoints.ts";
import type { JobContext } from "../run/job_worker.ts";
import { type TextConfig, textConfigOf } from "./config.ts";

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
  { store, run, warm, dataDirectory, report }: JobContext,
  { needsText = true }: { readonly needsText?: boolean } = {},
): Promise<OpenRun & { readonly key: string }> {
  const config = textConfigOf(run);
  const { dataset: name, context, vocabulary_size } = config;
  const load = () =>
    loadTextDataset(name, {
      context,
      vocabularySize: vocabulary_size,
      directory: dataDirectory,
      onProgress: ({ file }) => report(0, 1, `Downloading ${file}`),
    });
  const characters = needsText ? undefined : publishedVocabulary(store, run);
  const dataset =
    characters !== undefined && !await isAvailableLocally(name, { directory: dataDirectory })
      ? vocabularyOnly({ name, hash: run.datasetHash!, characters })
      : isPath(name, "text")
      // The file may have been written to since.
      ? await load()
      : await warm.get(`text ${name} ${context} ${vocabulary_size} ${dataDirectory}`, load);
  requireSameData(run, dataset);
  const key = newestCheckpointKey(store, run);
  const weights = await warm.get(`weights ${key}`, () => {
    const network = networkOf(config, dataset.tokenized.vocabulary.size);
    return { network, ...newestWeights(store, run, network) };
  });
  return { store, run, config, dataset, key, ...weights };
}

/** Returns the program of this name, compiling it if necessary. */
export type CompileNamed = (name: string, compile: () => Promise<Program>) => Promise<Program>;

/**
 * Returns the network for text generation. Its programs have fixed shapes and the weights as constants;
 * shorter inputs are padded, and the padding is masked.
 *
 * @param count Number of texts in a batch.
 * @param compiled Compiles programs or returns cached ones. By default it compiles.
 * @returns The model with `dispose`, which releases the programs.
 */
export async function textModel(
  engine: Engine,
  network: TextNetwork,
  config: TextConfig,
  ema: Parameters,
  count: number,
  compiled: CompileNamed = (_, compile) => compile(),
): Promise<TextModel & { dispose(): Promise<void> }> {
  const { reader, denoiser, filler, options: { context, vocabulary } } = network;
  const range = noiseRange(config);
  const reading = reader &&
    await compiled("reader", () => compileReader(engine, network, ema, count));
  const programs = new Map<number, Promise<Program>>();
  /** Compiles the denoising or masked-diffusion head for a number of characters. */
  const programFor = (length: number) => {
    const known = programs.get(length);
    if (known) return known;
    const program = compiled(
      `writer of ${length}`,
      () => compileWriter(engine, network, ema, count, length),
    );
    programs.set(length, program);
    return program;
  };
  /** The size of an existing program if it is large enough and supports masking. */
  const sizeFor = (length: number) =>
    reader
      ? [...programs.keys()].filter((size) => size >= length).sort((a, b) => a - b)[0] ?? length
      : length;
  return {
    vocabularySize: vocabulary,
    unit: config.vocabulary_size > 0 ? "tokens" : "characters",
    dimension: EMBEDDING_DIMENSION,
    context,
    embeddings: denoiser ? embeddingsOf(ema, network) : null,
    gamma: range.gamma,
    read: reading && (async (tokens, count, length) => {
      const { logits } = await reading.run({ tokens: padded(tokens, count, length, context - 1) });
      return columns(
        logits as Float32Array,
        count,
        context * vocabulary,
        0,
        (length + 1) * vocabulary,
      );
    }),
    denoise: denoiser
      ? async ({ z, gamma, count, length, before, prefix, previous }) => {
        const size = sizeFor(length);
        const program = await programFor(size);
        const levels = noiseInputs(new Float64Array(count).fill(gamma));
        const positions = Array.from({ length: size }, (_, i) => prefix + i);
        const wide = (values: Float32Array) =>
          padded(values, count, length * EMBEDDING_DIMENSION, size * EMBEDDING_DIMENSION);
        const prefixInputs: Arrays = reader
          ? {
            tokens: padded(before, count, prefix, context - 1),
            mask: continuationMask({ slots: context, size, prefix, length }),
            ...rotaryTables(positions, network.headWidth),
          }
          : {};
        const { logits } = await program.run({
          z: wide(z),
          previous: wide(previous ?? new Float32Array(z.length)),
          gamma: new Float32Array(count).fill(gamma),
          alpha: levels.alpha,
          sigma: levels.sigma,
          ...prefixInputs,
        });
        return columns(logits as Float32Array, count, size * vocabulary, 0, length * vocabulary);
      }
      : null,
    fill: filler
      ? async (tokens, _, length) => {
        const program = await programFor(length);
        const { logits } = await program.run({
          tokens: tokens.map((token) => Math.max(0, token)),
          masked: Float32Array.from(tokens, (token) => token < 0 ? 1 : 0),
        });
        // The program reuses its output buffer.
        return Float32Array.from(logits!);
      }
      : undefined,
    async dispose() {
      await reading?.dispose();
      for (const program of programs.values()) await (await program).dispose();
    },
  };
}

/** Compiles the autoregressive head. @throws {Error} If there is none. */
export function compileReader(
  engine: Engine,
  network: TextNetwork,
  ema: Parameters,
  count: number,
): Promise<Program> {
  if (!network.reader) throw new Error("Internal: the network does not read");
  return compileWithWeights(engine, nextCharacters(network, network.reader), ema, count);
}

/** Compiles the denoising or masked-diffusion head for a number of characters. */
export function compileWriter(
  engine: Engine,
  network: TextNetwork,
  ema: Parameters,
  count: number,
  length: number,
): Promise<Program> {
  const { filler, denoiser } = network;
  if (filler) return compileWithWeights(engine, textFiller(network, filler, length), ema, count);
  if (!denoiser) throw new Error("Internal: the network writes left to right only");
  return compileWithWeights(engine, textDenoiser(network, denoiser, length), ema, count);
}

function compileWithWeights(
  engine: Engine,
  step: Step,
  weights: Parameters,
  batch: number,
): Promise<Program> {
  return compileStep(engine, step, { batch, outputs: "concat", replicas: 1, weights });
}

/** Pads [count, length] with zeros to [count, size]. */
function padded<T extends Int32Array | Float32Array>(
  values: T,
  count: number,
  length: number,
  size: number,
): T {
  if (length === size) return values;
  const result = new (values.constructor as new (length: number) => T)(count * size);
  for (let row = 0; row < count; row++) {
    result.set(values.subarray(row * length, (row + 1) * length), row * size);
  }
  return result;
}

/** Returns the approximate number of network evaluations for a batch of texts. */
export function networkEvaluations(settings: WriteSettings): number {
  const { mode, length, block_size, steps, rounds } = settings;
  const blocks = Math.ceil(length / block_size) * (steps + 1);
  return {
    autoregressive: length,
    diffusion: steps + 1,
    infill: steps + 1,
    blocks,
    guided: blocks + length,
    revised: blocks + rounds * 4 * steps,
  }[mode];
}

/**
 * Returns the program that dominates the cost of generation, by which a device is chosen.
 *
 * @param count Number of texts in a batch.
 * @param batches Number of batches.
 */
export function writingWorkload(
  network: TextNetwork,
  ema: Parameters,
  settings: WriteSettings,
  { count, batches }: { readonly count: number; readonly batches: number },
): Workload {
  const { denoiser, filler, options: { context } } = network;
  const { mode, length, block_size: block, prompt, template } = settings;
  const inBlocks = mode === "blocks" || mode === "guided" || mode === "revised";
  const whole = template?.length ?? prompt.length + length;
  return {
    compile: (engine) =>
      mode === "autoregressive" || !(denoiser || filler)
        ? compileReader(engine, network, ema, count)
        : compileWriter(engine, network, ema, count, Math.min(context, inBlocks ? block : whole)),
    runs: batches * networkEvaluations(settings),
  };
}
