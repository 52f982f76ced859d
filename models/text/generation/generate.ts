/** The generation modes of text. */
import { RefusedValue, uniforms } from "../../../engine/host/mod.ts";
import { choose, logProbabilities, rowOf } from "./choose.ts";
import { type Block, denoiseBlock } from "./denoise_block.ts";
import {
  appendCharacters,
  columns,
  type Draft,
  draftOf,
  lastCharacters,
  nextLogits,
} from "./draft.ts";
import { writeGuided } from "./guided.ts";
import type { Generated, GenerationRequest, TextModel } from "./types.ts";
import { unmask } from "./unmask.ts";

/** −log SNR at which guided generation switches from denoising to the product of experts. Below it the
 * denoiser leaves no choice to the other expert; far above it, it carries no information. */
const HANDOVER = -0.5;

/**
 * Generates texts. The same request and model give the same texts.
 *
 * - `diffusion`: the whole text is denoised, or unmasked, at once, with the prompt held fixed.
 * - `blocks`: blocks are denoised from left to right, each conditioned on the text before it.
 * - `autoregressive`: characters are sampled from left to right.
 * - `guided`: every block is denoised down to an intermediate noise level, then its characters are
 *   sampled from left to right from the normalised product of the autoregressive and the denoising
 *   expert ({@link writeGuided}).
 * - `revised`: as `blocks`, after which the characters that are least likely under the autoregressive
 *   head are denoised again, with all others held fixed.
 * - `infill`: the gaps of a template are denoised at once.
 *
 * @throws {RefusedValue} If the network does not support the mode, or the text exceeds its context.
 */
export async function generate(model: TextModel, request: GenerationRequest): Promise<Generated> {
  requireSupported(model, request);
  const draft = draftOf(request);
  switch (request.mode) {
    case "autoregressive":
      await writeLeftToRight(model, request, draft);
      break;
    case "diffusion":
    case "infill":
      await writeAtOnce(model, request, draft);
      break;
    case "blocks":
      await writeBlocks(model, request, draft);
      break;
    case "guided":
      await writeBlocks(model, request, draft, HANDOVER);
      break;
    case "revised":
      await writeBlocks(model, request, draft);
      for (let round = 1; round <= request.rounds; round++) {
        await revise(model, request, draft, round);
      }
  }
  const { tokens, total, frames, evaluations } = draft;
  return { tokens, length: total, frames, networkEvaluations: evaluations };
}

async function writeLeftToRight(
  model: TextModel,
  request: GenerationRequest,
  draft: Draft,
): Promise<void> {
  while (draft.written < draft.total) {
    const logits = await nextLogits(model, draft, request.count);
    appendCharacters(draft, request, (row) => rowOf(logits, row, model.vocabularySize));
    draft.evaluations++;
  }
}

async function writeAtOnce(
  model: TextModel,
  request: GenerationRequest,
  draft: Draft,
): Promise<void> {
  if (model.fill) return await unmask(model, request, draft);
  await writeBlock(model, request, draft, {
    before: new Int32Array(0),
    prefix: 0,
    length: draft.total,
    start: 0,
    stream: "whole",
    fixed: draft.tokens.some((token) => token >= 0) ? draft.tokens.slice() : undefined,
  });
  draft.written = draft.total;
}

async function writeBlocks(
  model: TextModel,
  request: GenerationRequest,
  draft: Draft,
  handover?: number,
): Promise<void> {
  while (draft.written < draft.total) {
    const length = Math.min(request.blockSize, draft.total - draft.written);
    const prefix = Math.min(draft.written, model.context - length);
    const block: Block = {
      before: lastCharacters(draft, prefix),
      prefix,
      length,
      start: draft.written,
      stream: `block-${draft.written}`,
      endGamma: handover,
    };
    if (handover === undefined) {
      await writeBlock(model, request, draft, block);
      draft.written += length;
    } else await writeGuided(model, request, draft, block);
  }
}

/** Denoises a block and samples its characters from the last logits. */
async function writeBlock(
  model: TextModel,
  request: GenerationRequest,
  draft: Draft,
  block: Block,
): Promise<void> {
  const { logits, frames, evaluations } = await denoiseBlock(model, request, block);
  const { length, start, stream } = block;
  const key = { seed: request.seed, stream: `text/${stream}/draw`, step: 0 };
  uniforms(key, request.count * length).forEach((uniform, i) => {
    const place = Math.floor(i / length) * draft.total + start + i % length;
    draft.tokens[place] = choose(rowOf(logits, i, model.vocabularySize), request, uniform);
  });
  draft.frames.push(...frames);
  draft.evaluations += evaluations;
}

/** Samples the least likely characters of every window again, with the others held fixed. */
async function revise(
  model: TextModel,
  request: GenerationRequest,
  draft: Draft,
  round: number,
): Promise<void> {
  const length = Math.min(draft.total, model.context);
  for (let done = request.prompt.length; done < draft.total;) {
    // The last window ends with the text and revises only the characters after the previous window.
    const start = Math.min(done, draft.total - length);
    await reviseWindow(model, request, draft, { start, length, from: done - start, round });
    done = start + length;
  }
}

async function reviseWindow(
  model: TextModel,
  request: GenerationRequest,
  draft: Draft,
  { start, length, from, round }: { start: number; length: number; from: number; round: number },
): Promise<void> {
  const { count, reviseShare } = request;
  const revised = Math.round(reviseShare * (length - from));
  if (revised === 0) return;
  const window = lastCharacters(draft, length, start + length);
  const losses = await negativeLogLikelihoods(model, window, count, length);
  const fixed = window.slice();
  for (let row = 0; row < count; row++) {
    Array.from({ length: length - from }, (_, i) => row * length + from + i)
      .sort((a, b) => losses[b]! - losses[a]!)
      .slice(0, revised)
      .forEach((place) => fixed[place] = -1);
  }
  await writeBlock(model, request, draft, {
    before: new Int32Array(0),
    prefix: 0,
    length,
    start,
    stream: `revision-${round}-${start}`,
    fixed,
  });
}

/** Returns −log p of each character conditioned on those before it in the window, [count, length]. */
async function negativeLogLikelihoods(
  model: TextModel,
  window: Int32Array,
  count: number,
  length: number,
): Promise<Float64Array> {
  const size = model.vocabularySize;
  const logits = await model.read!(columns(window, length, 0, length - 1), count, length - 1);
  return Float64Array.from(
    window,
    (token, i) => -logProbabilities(rowOf(logits, i, size))[token]!,
  );
}

function requireSupported(model: TextModel, request: GenerationRequest): void {
  const { mode, prompt, length, blockSize, template } = request;
  const reads = mode === "autoregressive" || mode === "blocks" || mode === "guided" ||
    mode === "revised";
  const diffuses = mode !== "autoregressive";
  if (reads && !model.read) {
    throw new RefusedValue((name) =>
      `${
        name("mode")
      } is "${mode}", but this run was trained to denoise whole windows and cannot condition on ` +
      'the text before a block: use "diffusion" or "infill", or a run with method "blocks"'
    );
  }
  if (diffuses && !model.denoise && !model.fill) {
    throw new RefusedValue((name) =>
      `${
        name("mode")
      } is "${mode}", but this run has an autoregressive head only: use "autoregressive", or a ` +
      'run with method "blocks"'
    );
  }
  const total = template ? template.length : prompt.length + length;
  if ((mode === "diffusion" || mode === "infill") && total > model.context) {
    const most = `but the run writes at most ${model.context} ${model.unit} at once`;
    throw new RefusedValue((name) =>
      template
        ? `${name("template")} has ${total} ${model.unit}, ${most}: shorten it`
        : `${name("length")} is ${length}${
          prompt.length === 0 ? "" : ` beside ${prompt.length} ${model.unit} of ${name("prompt")}`
        }, ${most}: use ${
          model.context > prompt.length
            ? `${name("length")} 1 to ${model.context - prompt.length}`
            : `a shorter ${name("prompt")}`
        }, or ${name("mode")} "blocks" where the run has it`
    );
  }
  if (reads && diffuses && blockSize > model.context) {
    throw new RefusedValue((name) =>
      `${
        name("block_size")
      } is ${blockSize}, but the run's windows have ${model.context} ${model.unit}: use 1 to ` +
      `${model.context}`
    );
  }
  if (mode === "infill" && !template?.some((token) => token < 0)) {
    throw new RefusedValue((name) =>
      `${
        name("template")
      } has no gap, so nothing is to be filled in: mark each token to write with an underscore`
    );
  }
}
