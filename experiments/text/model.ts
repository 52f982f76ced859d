/** A trained network for text generation: its programs, and sampling loops carried out with them. */
import type { Arrays, Engine, Parameters, Program, Workload } from "../../engine/mod.ts";
import {
  continuationMask,
  embeddingsOf,
  nextCharacters,
  rotaryTables,
  textDenoiser,
  textEstimator,
  textFiller,
  type TextNetwork,
} from "../../models/text/network/mod.ts";
import {
  columns,
  type DenoiseRequest,
  EMBEDDING_DIMENSION,
  type SampledLogits,
  type SamplingLoop,
  type TextModel,
} from "../../models/text/mod.ts";
import { noiseRange } from "./network.ts";
import {
  type Evaluation,
  isFrame,
  noiseInputs,
  sampleStart,
  samplingPlan,
} from "../../models/diffusion/mod.ts";
import {
  compileSampling,
  compileStep,
  needsOf,
  runSampling,
  type SamplingNeeds,
  type SamplingProgram,
  type Step,
} from "../../models/steps/mod.ts";
import type { TextConfig } from "./config.ts";
import type { WriteSettings } from "./requests.ts";
import { isBlockwise, networkEvaluations } from "./settings.ts";

/** Returns the program of this name, compiling it if necessary. */
type CompileNamed = <P extends { dispose(): Promise<void> }>(
  name: string,
  compile: () => Promise<P>,
) => Promise<P>;

/**
 * Returns the network for text generation. Its programs have fixed shapes and the weights as constants;
 * shorter inputs are padded, and the padding is masked. Where the engine keeps state, it carries out
 * whole sampling loops.
 *
 * @param options.count Number of texts in a batch.
 * @param options.compiled Compiles programs or returns cached ones. By default it compiles.
 * @returns The model with `dispose`, which releases the programs.
 */
export async function textModel(
  engine: Engine,
  network: TextNetwork,
  config: TextConfig,
  ema: Parameters,
  { count, compiled = (_, compile) => compile() }: {
    readonly count: number;
    readonly compiled?: CompileNamed;
  },
): Promise<TextModel & { dispose(): Promise<void> }> {
  const { reader, denoiser, filler, options: { context, vocabulary } } = network;
  const range = noiseRange(config);
  const reading = reader &&
    await compiled("reader", () => compileReader(engine, network, ema, count));
  const programs = new Map<number, Promise<Program>>();
  /** Compiles the denoising or masked-diffusion head for a number of characters. */
  const programFor = (length: number) =>
    kept(programs, length, () =>
      compiled(
        `writer of ${length}`,
        () => compileWriter(engine, network, ema, count, length),
      ));
  const samplers = new Map<string, Promise<SamplingProgram>>();
  /** Compiles an evaluation of sampling loops. */
  const samplerFor = (length: number, needs: SamplingNeeds) => {
    const name = `sampler of ${length} ${JSON.stringify(needs)}`;
    return kept(
      samplers,
      name,
      () =>
        compiled(name, () =>
          compileSampling(engine, textEstimator(network, denoiser!, length), {
            batch: count,
            needs,
            outputs: { logits: [length, vocabulary] },
            weights: ema,
          })),
    );
  };
  /** The size of an existing program if it is large enough and supports masking. */
  const sizeFor = (length: number) =>
    reader
      ? [...programs.keys()].filter((size) => size >= length).sort((a, b) => a - b)[0] ?? length
      : length;
  /** What a program for `size` characters takes of the text before a block, if it reads it. */
  const inputsBefore = (
    { before, prefix, count, length }: Omit<DenoiseRequest, "z" | "gamma">,
    size: number,
  ): Arrays =>
    reader
      ? {
        tokens: padded(before, count, prefix, context - 1),
        mask: continuationMask({ slots: context, size, prefix, length }),
        ...rotaryTables(Array.from({ length: size }, (_, i) => prefix + i), network.headWidth),
      }
      : {};
  return {
    vocabularySize: vocabulary,
    unit: config.vocabulary_size > 0 ? "tokens" : "characters",
    dimension: EMBEDDING_DIMENSION,
    context,
    embeddings: denoiser ? embeddingsOf(ema, network) : undefined,
    gamma: range.gamma,
    read: reading && (async (tokens, count, length) => {
      const { logits } = await reading.run({ tokens: padded(tokens, count, length, context - 1) });
      return columns(
        logits as Float32Array,
        context * vocabulary,
        0,
        (length + 1) * vocabulary,
      );
    }),
    denoise: denoiser
      ? async (request) => {
        const { z, gamma, count, length, previous } = request;
        const size = sizeFor(length);
        const program = await programFor(size);
        const levels = noiseInputs(new Float64Array(count).fill(gamma));
        const wide = (values: Float32Array) =>
          padded(values, count, length * EMBEDDING_DIMENSION, size * EMBEDDING_DIMENSION);
        const { logits } = await program.run({
          z: wide(z),
          previous: wide(previous ?? new Float32Array(z.length)),
          gamma: new Float32Array(count).fill(gamma),
          alpha: levels.alpha,
          sigma: levels.sigma,
          ...inputsBefore(request, size),
        });
        return columns(logits as Float32Array, size * vocabulary, 0, length * vocabulary);
      }
      : undefined,
    sample: engine.compileResident && denoiser
      ? async (loop, onStep) => {
        const { count, length, temperature } = loop;
        const plan = samplingPlan(loop);
        // Not a longer program: it would draw other noise for the same characters.
        const program = await samplerFor(length, needsOf(plan));
        const constantInputs = {
          ...inputsBefore(loop, length),
          fixed: loop.fixed ?? new Int32Array(count * length).fill(-1),
          temperature: Float32Array.of(temperature),
        };
        return await sampleWith(program, { plan, loop, constantInputs, onStep });
      }
      : undefined,
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
      for (const program of [...programs.values(), ...samplers.values()]) {
        await (await program).dispose();
      }
    },
  };
}

/** Carries out a loop by its plan with a compiled evaluation. */
async function sampleWith(
  program: SamplingProgram,
  { plan, loop, constantInputs, onStep }: {
    readonly plan: readonly Evaluation[];
    readonly loop: SamplingLoop;
    /** All inputs of the denoiser that stay the same. */
    readonly constantInputs: Arrays;
    readonly onStep: (() => void) | undefined;
  },
): Promise<SampledLogits> {
  const { points, outputs, frames } = await runSampling(program, {
    plan,
    start: sampleStart(loop),
    constantInputs,
    inpaint: loop.inpaint,
    noise: loop.noise,
    isFrame: (step, steps) => isFrame(step, steps, loop.frames),
    onStep,
  });
  return {
    z: points,
    logits: outputs.logits!,
    frames: frames.map(({ gamma, outputs }) => ({ gamma, logits: outputs.logits! })),
    evaluations: plan.length,
  };
}

/** Returns the value of a key, made if there is none. */
function kept<K, V>(values: Map<K, V>, key: K, make: () => V): V {
  const known = values.get(key) ?? make();
  values.set(key, known);
  return known;
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
  const whole = template?.length ?? prompt.length + length;
  return {
    compile: (engine) =>
      mode === "autoregressive" || !(denoiser || filler)
        ? compileReader(engine, network, ema, count)
        : compileWriter(
          engine,
          network,
          ema,
          count,
          Math.min(context, isBlockwise(mode) ? block : whole),
        ),
    runs: batches * networkEvaluations(settings),
  };
}
