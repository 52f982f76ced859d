/** Guided generation: the product of an autoregressive and a diffusion expert. */
import { choose, columns, logProbabilities } from "./choose.ts";
import type { GenerationRequest, TextFrame, TextModel } from "./types.ts";
import { uniforms } from "../../../engine/host/mod.ts";
import { type Block, denoiseBlock, estimateOf, estimateTemperature } from "./denoise_block.ts";

/** The texts of a request while they are being generated. */
export interface Draft {
  /** [count, total]; the first `written` columns are final. */
  readonly tokens: Int32Array;
  readonly total: number;
  written: number;
  readonly frames: TextFrame[];
  evaluations: number;
}

/** Returns the last `length` generated characters, [count, length]. */
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

/** Returns the logits of the next character, [count, V], conditioned on as much of the text as the context holds. */
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
 * Denoises a block down to the noise level `block.endGamma`, then samples its characters from left to
 * right from the normalised product p(x_i | x_<i)^(1−a) · p(x_i | x_<i, z_≥i)^a, where a is the
 * request's `diffusionWeight`.
 *
 * The second expert conditions on the characters sampled so far and denoises the rest of the block.
 * With a = 1 the block is therefore a joint sample from p(x | z): if both experts are exact, the text
 * has exactly the distribution of the data, whatever the noise level. With a = 0 generation is purely
 * autoregressive.
 */
export async function writeGuided(
  model: TextModel,
  request: GenerationRequest,
  draft: Draft,
  block: Block,
): Promise<void> {
  const { count, diffusionWeight: a, seed } = request;
  const size = model.vocabularySize;
  const denoising = a > 0 ? await denoisingExpert(model, request, draft, block) : null;
  for (let i = 0; i < block.length; i++) {
    const reading = a < 1 ? await nextLogits(model, draft, count) : null;
    const diffusing = denoising ? await denoising(i) : null;
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

/**
 * Returns a function from i to the logits of character i of the block, [count, V], conditioned on the
 * characters before it and on the noisy embeddings from it on.
 */
async function denoisingExpert(
  model: TextModel,
  request: GenerationRequest,
  draft: Draft,
  block: Block,
): Promise<(i: number) => Promise<Float32Array>> {
  const { count } = request;
  const { dimension: d, vocabularySize: size } = model;
  const temperature = estimateTemperature(request);
  const denoised = await denoiseBlock(model, request, block);
  draft.frames.push(...denoised.frames);
  draft.evaluations += denoised.evaluations;
  const { z, gamma } = denoised;
  let { logits } = denoised;
  return async (i) => {
    const length = block.length - i;
    if (i > 0) {
      const prefix = block.prefix + i;
      const estimate = estimateOf(model, logits, temperature);
      logits = await model.denoise!({
        z: columns(z, count, block.length * d, i * d, block.length * d),
        gamma,
        count,
        length,
        before: lastCharacters(draft, count, prefix),
        prefix,
        previous: columns(estimate, count, (length + 1) * d, d, (length + 1) * d),
      });
      draft.evaluations++;
    }
    return columns(logits, count, length * size, 0, size);
  };
}
