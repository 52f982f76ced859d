/** The configuration of text runs. */
import { z } from "zod";
import { describeDatasets } from "../../data/mod.ts";
import { UserError } from "../../engine/host/mod.ts";
import { integer, recordingFields, startFields, trainingFields } from "../config/fields.ts";

export const TextConfig = z.strictObject({
  modality: z.literal("text").describe("What is learned"),
  dataset: z.string().min(1).max(400).describe(
    `Text: ${describeDatasets("text")} in UTF-8`,
  ),
  size: z.enum(["tiny", "small", "base"]).describe(
    "Layers and width: tiny 2×32, small 4×128, base 6×384",
  ),
  activation: z.enum(["silu", "gelu"]).describe(
    "Activation; gelu is better out of noise, silu a little faster",
  ),
  vocabulary_size: integer(0, 4096).describe(
    "0: a token is a character; else one of a byte-pair vocabulary learnt from the training text",
  ),
  context: integer(8, 512).describe("Tokens in a window"),
  method: z.enum(["diffusion", "blocks", "autoregressive", "masked"]).describe(
    "diffusion (of a whole window), blocks (diffusion within blocks; also autoregressive), " +
      "autoregressive, or masked (discrete diffusion; fields of noise and embeddings have no effect)",
  ),
  block_size: integer(0, 512).describe(
    "Tokens in a block, for method blocks: a divisor of context, or 0 for a mixture of 1, 4, 16, 64 " +
      "and all",
  ),
  schedule: z.enum([
    "logistic-gamma",
    "adaptive-gamma",
    "linear-gamma",
    "linear",
    "cosine",
    "sqrt",
    "sigmoid",
  ])
    .describe(
      "-log SNR from gamma_start to gamma_end: logistic-gamma stays longest where the bound is made " +
        "up, adaptive-gamma where the run finds that, linear-gamma is even; the images' suit badly",
    ),
  gamma_start: z.number().min(-12).max(4).describe("−log SNR of the cleanest embeddings"),
  gamma_end: z.number().min(-4).max(12).describe("−log SNR of the noisiest embeddings"),
  self_condition: z.number().min(0).max(1).describe(
    "Fraction of windows that see the network's own first estimate",
  ),
  embedding_learning_rate: z.number().positive().max(1).describe(
    "Peak learning rate of the embeddings",
  ),
  positions: z.enum(["rotary", "none"]).describe(
    "rotary, or none to see what a model without an order does",
  ),
  rounding: z.enum(["prediction", "clean"]).describe(
    "Whose cross-entropy is taken at the least noisy level: the prediction's, or (to see what it " +
      "does) the clean embedding's",
  ),
  embedding_norm: z.enum(["unit", "free"]).describe(
    "unit length, or free to see them shrink",
  ),
  ...startFields,
  ...trainingFields,
  ...recordingFields,
});
export type TextConfig = z.infer<typeof TextConfig>;

/** Fields that were added later, with the values that reproduce the earlier behaviour. */
export const laterTextFields = {
  muon_learning_rate: 0,
  vocabulary_size: 0,
  activation: "gelu",
  start_from: "",
  start_with: "weights",
} as const satisfies Partial<TextConfig>;

/** @throws {UserError} If block size and noise range do not fit the other fields. */
export function requireConsistentText(config: TextConfig): void {
  const { context, block_size, method, gamma_start, gamma_end } = config;
  if (block_size > 0 && method !== "blocks") {
    throw new UserError(
      `block_size is ${block_size}, but method is "${method}": only "blocks" takes a block size`,
    );
  }
  if (block_size > 0 && context % block_size !== 0) {
    const divisors = Array.from({ length: context }, (_, i) => i + 1)
      .filter((size) => context % size === 0);
    throw new UserError(
      `block_size is ${block_size}, which does not divide context ${context}: use 0 for a mixture, ` +
        `or one of ${divisors.join(", ")}`,
    );
  }
  if (gamma_end <= gamma_start) {
    throw new UserError(
      `gamma_end is ${gamma_end}, but must be above gamma_start (${gamma_start}): noise grows with it`,
    );
  }
}

/** Returns the configuration of a text run. @throws {UserError} If it has another modality. */
export function textConfigOf(
  { id, config }: { readonly id: string; readonly config: { readonly modality: string } },
): TextConfig {
  if (isTextConfig(config)) return config;
  throw new UserError(`${id} is not a run on text: its modality is ${config.modality}`);
}

function isTextConfig(config: { readonly modality: string }): config is TextConfig {
  return config.modality === "text";
}
