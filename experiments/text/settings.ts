/** The settings of generation and evaluation requests for text runs: defaults and cross-field validation. */
import { parseWith, RefusedValue } from "../../engine/host/mod.ts";
import {
  DEFAULT_BLOCK_SIZE,
  DEFAULT_BOUND_STEPS,
  DEFAULT_TEMPERATURES,
  REVERSE,
  TextEvaluateRequest,
  type TextEvaluationSettings,
  WINDOWS_PER_DRAW,
  WriteRequest,
  type WriteSettings,
} from "./requests.ts";
import type { TextConfig } from "./config.ts";

/** Marks a gap, one token, in a template. */
export const GAP = "_";

const MODES = {
  diffusion: "diffusion",
  blocks: "blocks",
  autoregressive: "autoregressive",
  masked: "diffusion",
} as const;

/** The fields of a generation request other than its run. */
const Writing = WriteRequest.omit({ run: true });
/** The fields of an evaluation request other than its run. */
const Evaluating = TextEvaluateRequest.omit({ run: true });
type WriteFields = ReturnType<typeof Writing.parse>;

/**
 * Returns the settings of a generation request.
 *
 * @throws {UserError} If a value is out of range or contradicts another one.
 */
export function writeSettings(
  request: Omit<WriteRequest, "run">,
  config: TextConfig,
): WriteSettings {
  const settings = settingsOf(parseWith(Writing, request), config);
  requireUsed(request, settings.mode, USED_BY);
  return settings;
}

const BLOCKWISE: readonly WriteSettings["mode"][] = ["blocks", "guided", "revised"];

/** Whether a mode writes block after block, so that `block_size` has an effect. */
export function isBlockwise(mode: WriteSettings["mode"]): boolean {
  return BLOCKWISE.includes(mode);
}

const NOISY: readonly WriteSettings["mode"][] = [...BLOCKWISE, "diffusion", "infill"];
/** Fields that only some modes use, with these modes. */
const USED_BY: Readonly<Record<string, readonly WriteSettings["mode"][]>> = {
  sampler: NOISY,
  steps: NOISY,
  film_strip: NOISY,
  block_size: BLOCKWISE,
  diffusion_weight: ["guided"],
  revise_share: ["revised"],
  rounds: ["revised"],
};

/** @throws {UserError} If a field is set that the mode does not use. */
function requireUsed(
  request: Readonly<Record<string, unknown>>,
  mode: WriteSettings["mode"],
  usedBy: typeof USED_BY,
): void {
  for (const [field, modes] of Object.entries(usedBy)) {
    const value = request[field];
    if (value === undefined || value === false || modes.includes(mode)) continue;
    throw new RefusedValue((name) =>
      `${name(field)} is ${JSON.stringify(value)}, but has no effect with ${
        name("mode")
      } "${mode}": ` +
      `leave it out, or use ${modes.map((other) => `"${other}"`).join(", ")}`
    );
  }
}

function settingsOf(request: WriteFields, config: TextConfig): WriteSettings {
  const mode = request.mode ?? (request.template ? "infill" : MODES[config.method]);
  const { context } = config;
  const { prompt, sampler } = request;
  const atOnce = mode === "diffusion" || mode === "infill";
  const outOfNoise = config.method !== "masked" &&
    (atOnce || mode === "blocks" || mode === "revised");
  const settings: WriteSettings = {
    mode,
    count: request.count,
    length: request.length ?? (atOnce ? Math.max(1, context - prompt.length) : 2 * context),
    prompt,
    template: request.template ?? null,
    block_size: request.block_size ??
      Math.min(context, config.block_size > 1 ? config.block_size : DEFAULT_BLOCK_SIZE),
    sampler,
    steps: request.steps,
    temperature: request.temperature ??
      DEFAULT_TEMPERATURES[outOfNoise ? "denoising" : "others"],
    top_p: request.top_p,
    diffusion_weight: request.diffusion_weight,
    revise_share: request.revise_share,
    rounds: request.rounds,
    seed: request.seed,
    film_strip: request.film_strip,
  };
  if (config.method === "masked" && sampler !== REVERSE) {
    throw new RefusedValue((name) =>
      `${name("sampler")} is ${JSON.stringify(sampler)}, but a run with method "masked" always ` +
      `reverses its own masking process: leave ${name("sampler")} out or use "${REVERSE}"`
    );
  }
  if (settings.block_size > context) {
    throw new RefusedValue((name) =>
      `${
        name("block_size")
      } is ${settings.block_size}, but must be a whole number from 1 to ${context}`
    );
  }
  requireTemplateFits(settings);
  return settings;
}

function requireTemplateFits({ mode, template, prompt }: WriteSettings): void {
  if (mode === "infill" && template === null) {
    throw new RefusedValue((name) =>
      `${name("mode")} is "infill" without ${
        name("template")
      }: give there the text with ${GAP} for ` +
      "every character to write"
    );
  }
  if (mode !== "infill" && template !== null) {
    throw new RefusedValue((name) =>
      `${name("template")} goes with ${
        name("mode")
      } "infill" only, not with "${mode}": leave it out`
    );
  }
  if (template !== null && prompt !== "") {
    throw new RefusedValue((name) =>
      `${name("prompt")} has no effect beside ${name("template")}: put it into the template`
    );
  }
}

/**
 * Returns the settings of an evaluation request. By default texts have the length of a window.
 *
 * @throws {UserError} If a value is out of range or contradicts another one.
 */
export function textEvaluationSettings(
  request: Omit<TextEvaluateRequest, "run">,
  config: TextConfig,
): TextEvaluationSettings {
  const { draws, bound_steps, length = config.context, ...writingFields } = parseWith(
    Evaluating,
    request,
  );
  const writing = settingsOf({ ...writingFields, length, prompt: "", film_strip: false }, config);
  // The bounds for finite steps are measured whatever mode generates the texts.
  const { steps: _, ...usedBy } = USED_BY;
  requireUsed(request, writing.mode, usedBy);
  return { draws, bound_steps: boundSteps(bound_steps, writing.steps, config), writing };
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

/** Returns how many windows the network processes in an evaluation, about: to write the texts, and for the bounds. */
export function measuredExamples(
  { writing, draws, bound_steps }: TextEvaluationSettings,
  { context, method }: TextConfig,
): number {
  const bounds = method === "autoregressive" ? 1 : Math.log2(context) + 2 * bound_steps.length;
  return writing.count * networkEvaluations(writing) + draws * WINDOWS_PER_DRAW * bounds;
}

/** Returns the numbers of steps whose bounds are measured, ascending. */
function boundSteps(
  requested: readonly number[] | undefined,
  steps: number,
  { method }: TextConfig,
): number[] {
  if (method === "autoregressive") {
    if (requested === undefined) return [];
    throw new RefusedValue((name) =>
      `${name("bound_steps")} is ${
        JSON.stringify(requested)
      }, but the run has an autoregressive head ` +
      "only, whose likelihood is exact: leave it out"
    );
  }
  const all = requested ?? [...DEFAULT_BOUND_STEPS, steps];
  return [...new Set(all)].sort((a, b) => a - b);
}
