/** The configuration of text runs, and presets. */
import { z } from "zod";
import { describeDatasets, textDatasetNames } from "../../data/mod.ts";
import { UserError } from "../../engine/host/mod.ts";
import {
  fieldFacts,
  fieldsWith,
  integer,
  recordingFields,
  startFields,
  trainingFields,
} from "../config/fields.ts";
import type { Preset } from "../config/configuration.ts";

export const TextConfig = z.strictObject({
  modality: z.literal("text").describe("What is learned"),
  dataset: z.string().min(1).max(400).describe(
    `Text: ${describeDatasets("text")} in UTF-8`,
  ).register(fieldFacts, {
    published: `${textDatasetNames.join(", ")}, or a text file (a path has a slash in it)`,
  }),
  size: z.enum(["tiny", "small", "base"]).describe(
    "Layers and width: tiny 2×32, small 4×128, base 6×384",
  ).register(fieldFacts, { network: true, published: true, listed: true }),
  activation: z.enum(["silu", "gelu"]).describe(
    "Activation; gelu is better out of noise, silu a little faster",
  ).register(fieldFacts, { earlier: "gelu", network: true }),
  vocabulary_size: integer(0, 4096).describe(
    "0: a token is a character; else one of a byte-pair vocabulary learnt from the training text",
  ).register(fieldFacts, { earlier: 0, network: true, objective: true }),
  context: integer(8, 512).describe("Tokens in a window").register(fieldFacts, { network: true }),
  method: z.enum(["diffusion", "blocks", "autoregressive", "masked"]).describe(
    "diffusion (of a whole window), blocks (diffusion within blocks; also autoregressive), " +
      "autoregressive, or masked (discrete diffusion; fields of noise and embeddings have no effect)",
  ).register(fieldFacts, {
    network: true,
    objective: true,
    published: "Of text: diffusion of whole windows or within blocks, autoregressive, or masked " +
      "(discrete) diffusion",
  }),
  block_size: integer(0, 512).describe(
    "Tokens in a block, for method blocks: a divisor of context, or 0 for a mixture of 1, 4, 16, 64 " +
      "and all",
  ).register(fieldFacts, { speed: true, objective: true }),
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
    ).register(fieldFacts, { objective: true, published: true, listed: true }),
  gamma_start: z.number().min(-12).max(4).describe("−log SNR of the cleanest embeddings")
    .register(fieldFacts, { objective: true }),
  gamma_end: z.number().min(-4).max(12).describe("−log SNR of the noisiest embeddings")
    .register(fieldFacts, { objective: true }),
  self_condition: z.number().min(0).max(1).describe(
    "Fraction of windows that see the network's own first estimate",
  ).register(fieldFacts, { network: true }),
  embedding_learning_rate: z.number().positive().max(1).describe(
    "Peak learning rate of the embeddings",
  ),
  positions: z.enum(["rotary", "none"]).describe(
    "rotary, or none to see what a model without an order does",
  ).register(fieldFacts, { network: true }),
  rounding: z.enum(["prediction", "clean"]).describe(
    "Whose cross-entropy is taken at the least noisy level: the prediction's, or (to see what it " +
      "does) the clean embedding's",
  ).register(fieldFacts, { objective: true }),
  embedding_norm: z.enum(["unit", "free"]).describe(
    "unit length, or free to see them shrink",
  ),
  ...startFields,
  ...trainingFields,
  ...recordingFields,
});
export type TextConfig = z.infer<typeof TextConfig>;

/** Fields that were added later, with the values that reproduce the earlier behaviour. */
export const laterTextFields: Readonly<Record<string, string | number>> = fieldsWith(
  TextConfig,
  "earlier",
);

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

const TEXT: TextConfig = TextConfig.parse({
  ...laterTextFields,
  modality: "text",
  dataset: "tiny-shakespeare",
  size: "small",
  context: 128,
  method: "diffusion",
  block_size: 0,
  schedule: "logistic-gamma",
  gamma_start: -4,
  gamma_end: 5,
  self_condition: 0.25,
  embedding_learning_rate: 1e-2,
  positions: "rotary",
  rounding: "prediction",
  embedding_norm: "unit",
  steps: 6000,
  batch_size: 32,
  learning_rate: 1e-3,
  muon_learning_rate: 6e-3,
  warmup_steps: 100,
  decay: "cosine",
  weight_decay: 0.05,
  gradient_clip: 1,
  ema_decay: 0.999,
  seed: 0,
  log_every: 10,
  validate_every: 500,
  checkpoint_every: 250,
  sample_every: 500,
});

export const textPresets = {
  "demo-verse": {
    description: "Verse out of noise, words in places: three minutes",
    examplesPerSecond: 107,
    config: {
      ...TEXT,
      steps: 600,
      muon_learning_rate: 8e-3,
      ema_decay: 0.99,
      validate_every: 150,
      checkpoint_every: 150,
      sample_every: 100,
    },
  },
  "shakespeare-tiny": {
    description: "Seconds: shows that all works, not verse",
    examplesPerSecond: 500,
    config: {
      ...TEXT,
      size: "tiny",
      context: 32,
      steps: 60,
      batch_size: 16,
      warmup_steps: 5,
      ema_decay: 0.95,
      log_every: 5,
      validate_every: 30,
      checkpoint_every: 20,
      sample_every: 0,
    },
  },
  "shakespeare-autoregressive": {
    description: "An ordinary language model: the value that diffusion is held to",
    examplesPerSecond: 107,
    config: {
      ...TEXT,
      method: "autoregressive",
      steps: 1200,
      muon_learning_rate: 3e-3,
      weight_decay: 0.3,
      validate_every: 250,
      sample_every: 250,
    },
  },
  "shakespeare-diffusion": {
    description: "Embedding diffusion of whole windows: an hour",
    examplesPerSecond: 55,
    config: TEXT,
  },
  "shakespeare-masked": {
    description: "Masked discrete diffusion: the baseline of embedding diffusion",
    examplesPerSecond: 90,
    config: { ...TEXT, method: "masked" },
  },
  "shakespeare-blocks": {
    description: "One network for every block size, autoregressive at 1",
    examplesPerSecond: 58,
    config: { ...TEXT, method: "blocks", steps: 5000 },
  },
  "shakespeare-base": {
    description: "For a GPU; nanoGPT's size",
    examplesPerSecond: 5,
    config: {
      ...TEXT,
      method: "autoregressive",
      size: "base",
      context: 256,
      steps: 5000,
      batch_size: 64,
      learning_rate: 6e-4,
      muon_learning_rate: 3e-3,
      weight_decay: 0.3,
      checkpoint_every: 500,
      sample_every: 1000,
    },
  },
} satisfies Readonly<Record<string, Preset & { readonly config: TextConfig }>>;
