/** A run's text network, ready to write: the door between its programs and generation. */
import type { Arrays, Engine, Parameters, Program, Signature } from "../../engine/mod.ts";
import { noiseInputs } from "../../models/diffusion/mod.ts";
import { columns, type TextModel } from "../../models/text/generation/mod.ts";
import {
  continuationMask,
  EMBEDDING_DIMENSION,
  embeddingsOf,
  nextCharacters,
  rotaryTables,
  textDenoiser,
  textFiller,
  type TextNetwork,
} from "../../models/text/network/mod.ts";
import type { TextConfig } from "../config.ts";
import { noiseRange } from "./network.ts";

/**
 * Programs of fixed shapes, with the weights baked in, serve texts of any length: what is shorter
 * than a window is padded, and what is padded is hidden.
 *
 * @param count Texts written together.
 * @returns With `dispose`, which lets go of the programs.
 */
export async function textModel(
  engine: Engine,
  network: TextNetwork,
  config: TextConfig,
  ema: Parameters,
  count: number,
): Promise<TextModel & { dispose(): Promise<void> }> {
  const { clean, noisy, masked, context, vocabulary } = network.options;
  const range = noiseRange(config);
  const reader = clean ? await compileReader(engine, network, ema, count) : null;
  const programs = new Map<number, Promise<Program>>();
  /** The network at work on this many characters, which either denoises or fills in. */
  const programFor = (length: number) => {
    const known = programs.get(length);
    if (known) return known;
    const program = compileWriter(engine, network, ema, count, length);
    programs.set(length, program);
    return program;
  };
  /** That of a program which is there already, if it is wide enough and can be told what to hide. */
  const sizeFor = (length: number) =>
    clean
      ? [...programs.keys()].filter((size) => size >= length).sort((a, b) => a - b)[0] ?? length
      : length;
  return {
    vocabularySize: vocabulary,
    unit: config.vocabulary_size > 0 ? "tokens" : "characters",
    dimension: EMBEDDING_DIMENSION,
    context,
    embeddings: noisy ? embeddingsOf(ema, network) : null,
    gamma: range.gamma,
    read: reader && (async (tokens, count, length) => {
      const { logits } = await reader.run({ tokens: padded(tokens, count, length, context - 1) });
      return columns(
        logits as Float32Array,
        count,
        context * vocabulary,
        0,
        (length + 1) * vocabulary,
      );
    }),
    denoise: noisy
      ? async ({ z, gamma, count, length, before, prefix, previous }) => {
        const size = sizeFor(length);
        const program = await programFor(size);
        const levels = noiseInputs(new Float64Array(count).fill(gamma));
        const positions = Array.from({ length: size }, (_, i) => prefix + i);
        const wide = (values: Float32Array) =>
          padded(values, count, length * EMBEDDING_DIMENSION, size * EMBEDDING_DIMENSION);
        const reading: Arrays = clean
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
          ...reading,
        });
        return columns(logits as Float32Array, count, size * vocabulary, 0, length * vocabulary);
      }
      : null,
    ...(masked
      ? {
        fill: async (tokens: Int32Array, _: number, length: number) => {
          const program = await programFor(length);
          const { logits } = await program.run({
            tokens: tokens.map((token) => Math.max(0, token)),
            masked: Float32Array.from(tokens, (token) => token < 0 ? 1 : 0),
          });
          // The program writes its next answer over this one.
          return Float32Array.from(logits!);
        },
      }
      : {}),
    async dispose() {
      await reader?.dispose();
      for (const program of programs.values()) await (await program).dispose();
    },
  };
}

/** The network as one that reads left to right. */
export function compileReader(
  engine: Engine,
  network: TextNetwork,
  ema: Parameters,
  count: number,
): Promise<Program> {
  const signature = readSignature(count, network.options.context);
  return engine.compile(nextCharacters(network), signature, { constants: ema });
}

/** The network at work on this many characters, which either denoises or fills in. */
export function compileWriter(
  engine: Engine,
  network: TextNetwork,
  ema: Parameters,
  count: number,
  length: number,
): Promise<Program> {
  const options = { constants: ema };
  return network.options.masked
    ? engine.compile(textFiller(network), fillSignature(count, length), options)
    : engine.compile(textDenoiser(network), denoiseSignature(network, count, length), options);
}

function readSignature(count: number, context: number): Signature {
  return { tokens: { shape: [count, context - 1], dtype: "int32" } };
}

function fillSignature(count: number, length: number): Signature {
  return {
    tokens: { shape: [count, length], dtype: "int32" },
    masked: { shape: [count, length], dtype: "float32" },
  };
}

function denoiseSignature(network: TextNetwork, count: number, length: number): Signature {
  const { clean, context } = network.options;
  const float = (...shape: number[]) => ({ shape, dtype: "float32" as const });
  return {
    z: float(count, length, EMBEDDING_DIMENSION),
    previous: float(count, length, EMBEDDING_DIMENSION),
    gamma: float(count),
    alpha: float(count),
    sigma: float(count),
    ...(clean
      ? {
        tokens: { shape: [count, context - 1], dtype: "int32" as const },
        mask: float(length, context + length),
        cos: float(length, network.headWidth / 2),
        sin: float(length, network.headWidth / 2),
      }
      : {}),
  };
}

/** [count, length] → [count, size], with zeros behind, which nothing before them sees. */
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
