/** What a caller asks of a text run's generation, checked and with its defaults filled in. */
import { UserError } from "../../engine/host/mod.ts";
import { GENERATION_MODES } from "../../models/text/mod.ts";
import type { TextConfig } from "../config/mod.ts";
import { samplerNames } from "../../models/diffusion/mod.ts";
import { requireWithin } from "../common/within.ts";
import type { TextEvaluateRequest } from "../store/evaluations.ts";
import type { TextEvaluationSettings, WriteRequest, WriteSettings } from "../store/text_records.ts";

export const MAX_TEXTS = 16;
export const MAX_LENGTH = 2000;
/** Solvers that suit text: the last step of the others needs clean data as its end. */
const DEFAULT_STEPS = 64;
/**
 * Reading and masks divide the logits once for each character, a walk out of noise at every level:
 * texts of `shakespeare-blocks` are as varied as real ones (entropy of four characters) at 0.7 out of
 * noise, and at 0.9 more varied, because fewer of their words are words.
 */
const DEFAULT_TEMPERATURE = 0.9;
const DEFAULT_TEMPERATURE_OUT_OF_NOISE = 0.7;
/** Steps back through the process itself, whatever that is. */
const REVERSE = "ddpm";
/** Marks a character, or a token of several, to be filled in. */
export const GAP = "_";

const MODES = {
  diffusion: "diffusion",
  blocks: "blocks",
  autoregressive: "autoregressive",
  masked: "diffusion",
} as const;

/**
 * @param most Texts that may be asked for.
 * @throws {UserError} If a value is out of its range, or does not go with another one.
 */
export function writeSettings(
  request: Omit<WriteRequest, "run">,
  config: TextConfig,
  most = MAX_TEXTS,
): WriteSettings {
  const mode = request.mode ?? (request.template ? "infill" : MODES[config.method]);
  const { context } = config;
  const prompt = request.prompt ?? "";
  const atOnce = mode === "diffusion" || mode === "infill";
  const outOfNoise = config.method !== "masked" &&
    (atOnce || mode === "blocks" || mode === "revised");
  const settings: WriteSettings = {
    mode,
    count: request.count ?? 3,
    length: request.length ?? (atOnce ? Math.max(1, context - prompt.length) : 2 * context),
    prompt,
    template: request.template ?? null,
    block_size: request.block_size ??
      Math.min(context, config.block_size > 1 ? config.block_size : 16),
    sampler: request.sampler ?? REVERSE,
    steps: request.steps ?? DEFAULT_STEPS,
    temperature: request.temperature ??
      (outOfNoise ? DEFAULT_TEMPERATURE_OUT_OF_NOISE : DEFAULT_TEMPERATURE),
    top_p: request.top_p ?? 1,
    diffusion_weight: request.diffusion_weight ?? 0.5,
    revise_share: request.revise_share ?? 0.2,
    rounds: request.rounds ?? 2,
    seed: request.seed ?? 0,
    film_strip: request.film_strip ?? false,
  };
  if (!GENERATION_MODES.includes(settings.mode)) {
    throw new UserError(
      `mode is ${JSON.stringify(mode)}: use one of ${GENERATION_MODES.join(", ")}`,
    );
  }
  if (!samplerNames.includes(settings.sampler)) {
    throw new UserError(
      `sampler is ${JSON.stringify(settings.sampler)}: use one of ${samplerNames.join(", ")}`,
    );
  }
  if (config.method === "masked" && settings.sampler !== REVERSE) {
    throw new UserError(
      `sampler is ${JSON.stringify(settings.sampler)}, but a run with method "masked" walks back ` +
        `through its own masks: leave sampler out or use "${REVERSE}"`,
    );
  }
  requireWithin("count", settings.count, 1, most, true);
  requireWithin("length", settings.length, 1, MAX_LENGTH, true);
  requireWithin("block_size", settings.block_size, 1, context, true);
  requireWithin("steps", settings.steps, 1, 1000, true);
  requireWithin("temperature", settings.temperature, 0, 5, false);
  requireWithin("top_p", settings.top_p, 0.01, 1, false);
  requireWithin("diffusion_weight", settings.diffusion_weight, 0, 1, false);
  requireWithin("revise_share", settings.revise_share, 0, 1, false);
  requireWithin("rounds", settings.rounds, 1, 10, true);
  requireWithin("seed", settings.seed, 0, 2 ** 31 - 1, true);
  requireTemplateFits(settings);
  return settings;
}

function requireTemplateFits({ mode, template, prompt }: WriteSettings): void {
  if (mode === "infill" && template === null) {
    throw new UserError(
      `mode is "infill" without a template: give the text with ${GAP} for every character to write`,
    );
  }
  if (mode !== "infill" && template !== null) {
    throw new UserError(`template goes with mode "infill" only, not with "${mode}": leave it out`);
  }
  if (template !== null && prompt !== "") {
    throw new UserError("prompt has no effect beside template: put it into the template");
  }
}

export const LEAST_TEXTS = 2;
export const MOST_TEXTS = 256;
export const LEAST_DRAWS = 2;
export const MOST_DRAWS = 200;
/** Lists of steps that are measured. */
export const MOST_WALKS = 6;

const DEFAULT_TEXTS = 32;
const DEFAULT_DRAWS = 24;
const DEFAULT_WALKS = [16, 64];

/**
 * The settings for a request to a run with this configuration. Texts have a window's length unless
 * another is asked for.
 *
 * @throws {UserError} If a value is out of its range, or does not go with another one.
 */
export function textEvaluationSettings(
  request: Omit<TextEvaluateRequest, "run">,
  config: TextConfig,
): TextEvaluationSettings {
  const { draws = DEFAULT_DRAWS, bound_steps, count = DEFAULT_TEXTS, ...writing } = request;
  if (writing.mode === "infill") {
    throw new UserError(
      'mode is "infill", which fills in a template: evaluate takes the modes that write whole texts',
    );
  }
  requireWithin("draws", draws, LEAST_DRAWS, MOST_DRAWS, true);
  requireWithin("count", count, LEAST_TEXTS, MOST_TEXTS, true);
  const written = writeSettings(
    { length: config.context, ...writing, count },
    config,
    MOST_TEXTS,
  );
  return { draws, bound_steps: walksOf(bound_steps, written.steps, config), writing: written };
}

/** The numbers of steps whose bounds are measured, rising. */
function walksOf(
  asked: readonly number[] | undefined,
  steps: number,
  { method }: TextConfig,
): number[] {
  if (method === "autoregressive") {
    if (asked === undefined) return [];
    throw new UserError(
      `bound_steps is ${JSON.stringify(asked)}, but the run only learnt to read left to right, ` +
        "where the likelihood is exact: leave it out",
    );
  }
  const walks = asked ?? [...DEFAULT_WALKS, steps];
  if (walks.length > MOST_WALKS) {
    throw new UserError(
      `bound_steps has ${walks.length} numbers of steps: give at most ${MOST_WALKS}`,
    );
  }
  for (const walk of walks) requireWithin("bound_steps", walk, 1, 1000, true);
  return [...new Set(walks)].sort((a, b) => a - b);
}
