/** The configuration of text runs, and presets. */
import { z } from "zod";
import { describeDatasets, isPath, textDatasetNames } from "../../data/mod.ts";
import { UserError } from "../../engine/host/mod.ts";
import {
  fieldFacts,
  fieldsWith,
  integer,
  recordingFields,
  startFields,
  trainingFields,
} from "../config/fields.ts";
import { configReader, type Preset } from "../config/configuration.ts";

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
    "Activation function; gelu reaches lower nats from noise, silu is a little faster",
  ).register(fieldFacts, { earlier: "gelu", network: true }),
  vocabulary_size: integer(0, 4096).describe(
    "0: tokens are characters; otherwise the size of a byte-pair vocabulary learnt from the training text",
  ).register(fieldFacts, { earlier: 0, network: true, objective: true }),
  context: integer(8, 512).describe("Tokens in a window, the longest context").register(
    fieldFacts,
    { network: true },
  ),
  method: z.enum(["diffusion", "blocks", "autoregressive", "masked"]).describe(
    "diffusion (of the embeddings of a whole window), blocks (diffusion within blocks, which follow each " +
      "other from left to right), autoregressive (a language model), or masked (discrete diffusion; " +
      "fields of noise and embeddings have no effect)",
  ).register(fieldFacts, {
    network: true,
    objective: true,
    published:
      "For text: diffusion of whole windows, diffusion within blocks, autoregressive, or masked " +
      "(discrete) diffusion",
  }),
  block_size: integer(0, 512).describe(
    "For method blocks: tokens in a block, 2 or more and a divisor of context; 0 trains one network for " +
      "blocks of 1, 4, 16, 64 and the whole context",
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
      "How gamma = -log SNR rises from gamma_start to gamma_end: linear-gamma evenly, logistic-gamma " +
        "slowest at the levels that contribute most to the likelihood bound, adaptive-gamma learns " +
        "these levels; the others are schedules for images and suit text badly",
    ).register(fieldFacts, { objective: true, published: true, listed: true }),
  gamma_start: z.number().min(-12).max(4).describe(
    "-log SNR of the embeddings at t = 0, the least noise",
  )
    .register(fieldFacts, { objective: true }),
  gamma_end: z.number().min(-4).max(12).describe(
    "-log SNR of the embeddings at t = 1, the most noise",
  )
    .register(fieldFacts, { objective: true }),
  self_condition: z.number().min(0).max(1).describe(
    "Self-conditioning: fraction of training windows for which the network is given its own previous " +
      "estimate",
  ).register(fieldFacts, { network: true }),
  embedding_learning_rate: z.number().positive().max(1).describe(
    "Peak learning rate of the embeddings",
  ),
  positions: z.enum(["rotary", "none"]).describe(
    "Position embeddings: rotary, or none (an ablation: the model cannot know the order of tokens)",
  ).register(fieldFacts, { network: true }),
  rounding: z.enum(["prediction", "clean"]).describe(
    "The cross-entropy at the least noise is that of the network's prediction, or of the clean embedding " +
      "(an ablation)",
  ).register(fieldFacts, { objective: true }),
  embedding_norm: z.enum(["unit", "free"]).describe(
    "Embeddings are kept at unit length, or free (an ablation: they shrink)",
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

/** @throws {UserError} If nothing can be trained that is what the configuration says. */
export function requireTrainableText({ dataset, block_size }: TextConfig): void {
  if (!textDatasetNames.includes(dataset) && !isPath(dataset, "text")) {
    throw new UserError(
      `dataset is ${JSON.stringify(dataset)}, but a run on text takes one of ${
        textDatasetNames.join(", ")
      }, or a text file, which is named with a slash: ./${dataset}`,
    );
  }
  if (block_size === 1) {
    throw new UserError(
      'block_size is 1, but a block of one token is not diffused: use method "autoregressive", whose ' +
        "nats_per_character is that of blocks of 1, or a block_size of 2 or more (each such run has " +
        "nats_block_1 beside it), or 0, which trains one network for blocks of 1, 4, 16, 64 and the " +
        "whole context",
    );
  }
}

/** Returns the configuration of a text run. @throws {UserError} If it has another modality. */
export const textConfigOf = configReader<TextConfig>("text", "text");

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
    description: "Verse from noise, with some real words: three minutes",
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
    description: "A test of seconds, no verse",
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
    description: "A language model, the baseline of all diffusion on text",
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
    description: "Masked discrete diffusion, the baseline of embedding diffusion",
    examplesPerSecond: 90,
    config: { ...TEXT, method: "masked" },
  },
  "shakespeare-blocks": {
    description: "One network for block sizes from 1 (autoregressive) to the whole window",
    examplesPerSecond: 58,
    config: { ...TEXT, method: "blocks", steps: 5000 },
  },
  "shakespeare-base": {
    description: "For a GPU; the size of nanoGPT",
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
