/** A text in the making. */
import { choose, columns, logProbabilities } from "./choose.ts";
import type { GenerationRequest, TextFrame, TextModel } from "./types.ts";
import { uniforms } from "../../../engine/host/mod.ts";
import { type Block, estimateOf, walkBlock } from "./walk.ts";

export interface Draft {
  /** [count, total], filled up to `written`. */
  readonly tokens: Int32Array;
  readonly total: number;
  written: number;
  readonly frames: TextFrame[];
  evaluations: number;
}

/** The last `length` characters written, [count, length]. */
export function lastCharacters(
  { tokens, total, written }: Draft,
  count: number,
  length: number,
): Int32Array {
  const last = new Int32Array(count * length);
  for (let row = 0; row < count; row++) {
    const end = row * total + written;
    last.set(tokens.subarray(end - length, end), row * length);
  }
  return last;
}

/** Logits of the next character, [count, V], given as much of the text as the network sees. */
export async function nextLogits(
  model: TextModel,
  draft: Draft,
  count: number,
): Promise<Float32Array> {
  const length = Math.min(draft.written, model.context - 1);
  const logits = await model.read!(lastCharacters(draft, count, length), count, length);
  const size = model.vocabularySize;
  return columns(logits, count, (length + 1) * size, length * size, (length + 1) * size);
}

/**
 * Brings a block to the noise level `block.until`, then draws its characters one after the other from
 * the normalised product p(x_i | x_<i)^(1−a) · p(x_i | x_<i, z_≥i)^a, a the request's `diffusionWeight`.
 *
 * The second expert reads what is written so far and denoises what is left of the block. With a = 1
 * the block is therefore a draw from p(x | z), its characters together: with exact experts the text is
 * exactly the language's, whatever the noise level. With a = 0 it is left to right.
 */
export async function writeGuided(
  model: TextModel,
  request: GenerationRequest,
  draft: Draft,
  block: Block,
): Promise<void> {
  const { count, diffusionWeight: a, seed } = request;
  const size = model.vocabularySize;
  const guide = a > 0 ? await guideOf(model, request, draft, block) : null;
  for (let i = 0; i < block.length; i++) {
    const reading = a < 1 ? await nextLogits(model, draft, count) : null;
    const diffusing = guide ? await guide(i) : null;
    const draws = uniforms({ seed, stream: "text/characters", step: draft.written }, count);
    for (let row = 0; row < count; row++) {
      const left = reading && logProbabilities(reading, row * size, size);
      const whole = diffusing && logProbabilities(diffusing, row * size, size);
      const product = left && whole
        ? left.map((value, v) => (1 - a) * value + a * whole[v]!)
        : (left ?? whole)!;
      draft.tokens[row * draft.total + draft.written] = choose(
        product,
        0,
        size,
        request,
        draws[row]!,
      );
    }
    draft.written++;
    if (reading) draft.evaluations++;
  }
}

/** Logits [count, V] of character i of the block, given those before it and the noisy ones from it on. */
async function guideOf(
  model: TextModel,
  request: GenerationRequest,
  draft: Draft,
  block: Block,
): Promise<(i: number) => Promise<Float32Array>> {
  const { count, temperature } = request;
  const { embeddings, dimension: d, vocabularySize: size } = model;
  const { z, gamma, frames, evaluations, ...last } = await walkBlock(
    model,
    request,
    block,
    request.frames,
  );
  draft.frames.push(...frames);
  draft.evaluations += evaluations;
  let { logits, estimate } = last;
  return async (i) => {
    const length = block.length - i;
    if (i > 0) {
      const prefix = block.prefix + i;
      logits = await model.denoise!({
        z: columns(z, count, block.length * d, i * d, block.length * d),
        gamma,
        count,
        length,
        before: lastCharacters(draft, count, prefix),
        prefix,
        previous: columns(estimate, count, (length + 1) * d, d, (length + 1) * d),
      });
      estimate = estimateOf(logits, embeddings!, d, size, Math.max(temperature, 0.05));
      draft.evaluations++;
    }
    return columns(logits, count, length * size, 0, size);
  };
}
