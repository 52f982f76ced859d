/** What a caller asks of a text run's generation, checked and with its defaults filled in. */
import { UserError } from "../../engine/host/mod.ts";
import { GENERATION_MODES } from "../../models/text/mod.ts";
import type { TextConfig } from "../config.ts";
import { samplerNames } from "../sampling/names.ts";
import { requireWithin } from "../sampling/within.ts";
import type { WriteRequest, WriteSettings } from "../types.ts";

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
