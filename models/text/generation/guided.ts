/** Guided generation: the product of an autoregressive and a diffusion expert. */
import { logProbabilities, rowOf } from "./choose.ts";
import { type Block, denoiseBlock, estimateOf, estimateTemperature } from "./denoise_block.ts";
import { appendCharacters, columns, type Draft, lastCharacters, nextLogits } from "./draft.ts";
import type { GenerationRequest, TextModel } from "./types.ts";

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
  const { count, diffusionWeight: a } = request;
  const size = model.vocabularySize;
  const denoiserLogits = a > 0 ? await denoisingExpert(model, request, draft, block) : null;
  for (let i = 0; i < block.length; i++) {
    const ofReader = a < 1 ? await nextLogits(model, draft, count) : null;
    const ofDenoiser = denoiserLogits && await denoiserLogits(i);
    appendCharacters(draft, request, (row) => {
      const read = ofReader && logProbabilities(rowOf(ofReader, row, size));
      const denoised = ofDenoiser && logProbabilities(rowOf(ofDenoiser, row, size));
      return read && denoised
        ? read.map((value, v) => (1 - a) * value + a * denoised[v]!)
        : (read ?? denoised)!;
    });
    if (ofReader) draft.evaluations++;
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
  const { dimension: d, vocabularySize: size } = model;
  const temperature = estimateTemperature(request);
  const { z, gamma, frames, evaluations, ...first } = await denoiseBlock(model, request, block);
  draft.frames.push(...frames);
  draft.evaluations += evaluations;
  let { logits } = first;
  return async (i) => {
    const length = block.length - i;
    if (i > 0) {
      const prefix = block.prefix + i;
      const estimate = estimateOf(model, logits, temperature);
      logits = await model.denoise!({
        z: columns(z, block.length * d, i * d, block.length * d),
        gamma,
        count: request.count,
        length,
        before: lastCharacters(draft, prefix),
        prefix,
        previous: columns(estimate, (length + 1) * d, d, (length + 1) * d),
      });
      draft.evaluations++;
    }
    return columns(logits, length * size, 0, size);
  };
}
