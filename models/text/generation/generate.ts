/** The generation modes of text. */
import { RefusedValue, uniforms } from "../../../engine/host/mod.ts";
import { choose, logProbabilities, unmask } from "./choose.ts";
import { type Draft, lastCharacters, nextLogits, writeGuided } from "./guided.ts";
import type { Generated, GenerationRequest, TextModel } from "./types.ts";
import { type Block, denoiseBlock } from "./denoise_block.ts";

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
  const draft = begin(request);
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

function begin({ count, prompt, length, template }: GenerationRequest): Draft {
  const start = template ?? prompt;
  const total = template ? template.length : prompt.length + length;
  const tokens = new Int32Array(count * total).fill(-1);
  for (let row = 0; row < count; row++) tokens.set(start, row * total);
  return { tokens, total, written: template ? 0 : prompt.length, frames: [], evaluations: 0 };
}

async function writeLeftToRight(
  model: TextModel,
  request: GenerationRequest,
  draft: Draft,
): Promise<void> {
  const { count, seed } = request;
  while (draft.written < draft.total) {
    const logits = await nextLogits(model, draft, count);
    const draws = uniforms({ seed, stream: "text/characters", step: draft.written }, count);
    for (let row = 0; row < count; row++) {
      draft.tokens[row * draft.total + draft.written] = choose(
        logits,
        row * model.vocabularySize,
        model.vocabularySize,
        request,
        draws[row]!,
      );
    }
    draft.written++;
    draft.evaluations++;
  }
}

async function writeAtOnce(
  model: TextModel,
  request: GenerationRequest,
  draft: Draft,
): Promise<void> {
  const { count } = request;
  if (model.fill) {
    const { tokens, frames, evaluations } = await unmask(model, request, draft.tokens);
    draft.tokens.set(tokens);
    draft.frames.push(...frames);
    draft.evaluations += evaluations;
    draft.written = draft.total;
    return;
  }
  const known = draft.tokens.some((token) => token >= 0) ? draft.tokens.slice() : undefined;
  await write(model, request, draft, {
    before: new Int32Array(0),
    prefix: 0,
    length: draft.total,
    start: 0,
    stream: "whole",
    known,
  }, count);
  draft.written = draft.total;
}

async function writeBlocks(
  model: TextModel,
  request: GenerationRequest,
  draft: Draft,
  handover?: number,
): Promise<void> {
  const { count, blockSize } = request;
  while (draft.written < draft.total) {
    const length = Math.min(blockSize, draft.total - draft.written);
    const prefix = Math.min(draft.written, model.context - length);
    const block: Block = {
      before: lastCharacters(draft, count, prefix),
      prefix,
      length,
      start: draft.written,
      stream: `block-${draft.written}`,
      endGamma: handover,
    };
    if (handover === undefined) {
      await write(model, request, draft, block, count);
      draft.written += length;
    } else await writeGuided(model, request, draft, block);
  }
}

/** Denoises a block and samples its characters from the last logits. */
async function write(
  model: TextModel,
  request: GenerationRequest,
  draft: Draft,
  block: Block,
  count: number,
): Promise<void> {
  const { logits, frames, evaluations } = await denoiseBlock(model, request, block);
  const { length, start, stream } = block;
  const draws = uniforms(
    { seed: request.seed, stream: `text/${stream}/draw`, step: 0 },
    count * length,
  );
  for (let i = 0; i < count * length; i++) {
    const place = Math.floor(i / length) * draft.total + start + i % length;
    draft.tokens[place] = choose(
      logits,
      i * model.vocabularySize,
      model.vocabularySize,
      request,
      draws[i]!,
    );
  }
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
  const window = lastCharacters({ ...draft, written: start + length }, count, length);
  const again = Math.round(reviseShare * (length - from));
  if (again === 0) return;
  const losses = await negativeLogLikelihoods(model, window, count, length);
  const known = window.slice();
  for (let row = 0; row < count; row++) {
    const places = Array.from({ length: length - from }, (_, i) => from + i)
      .sort((x, y) => losses[row * length + y]! - losses[row * length + x]!);
    for (const place of places.slice(0, again)) known[row * length + place] = -1;
  }
  const block: Block = {
    before: new Int32Array(0),
    prefix: 0,
    length,
    start,
    stream: `revision-${round}-${start}`,
    known,
  };
  await write(model, request, draft, block, count);
}

/** Returns −log p of each character conditioned on those before it in the window, [count, length]. */
async function negativeLogLikelihoods(
  model: TextModel,
  window: Int32Array,
  count: number,
  length: number,
): Promise<Float64Array> {
  const size = model.vocabularySize;
  const read = new Int32Array(count * (length - 1));
  for (let row = 0; row < count; row++) {
    read.set(window.subarray(row * length, (row + 1) * length - 1), row * (length - 1));
  }
  const logits = await model.read!(read, count, length - 1);
  return Float64Array.from(
    window,
    (token, i) => -logProbabilities(logits, i * size, size)[token]!,
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
