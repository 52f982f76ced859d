/** Presets: named configurations. */
import { UserError } from "../../engine/host/mod.ts";
import type { ImageConfig } from "./image.ts";
import type { RunConfig } from "./configuration.ts";
import type { TextConfig } from "./text.ts";

export const PRESET_NAMES = [
  "mnist-tiny",
  "mnist-small",
  "mnist-flow",
  "mnist-base",
  "demo",
  "demo-verse",
  "shakespeare-tiny",
  "shakespeare-autoregressive",
  "shakespeare-diffusion",
  "shakespeare-masked",
  "shakespeare-blocks",
  "shakespeare-base",
] as const;
/** A complete configuration with a description. */
export interface Preset {
  readonly description: string;
  /** Speed of its training on two processor cores, about. */
  readonly examplesPerSecond: number;
  readonly config: RunConfig;
}

export type PresetName = typeof PRESET_NAMES[number];

const SMALL: ImageConfig = {
  modality: "image",
  dataset: "mnist",
  image_size: 28,
  colour: "grey",
  network: "unet",
  size: "small",
  schedule: "cosine",
  terminal_snr: "as-is",
  target: "v",
  weighting: "uniform",
  snr_limit: 5,
  time_sampling: "uniform",
  start_from: "",
  start_with: "weights",
  steps: 1500,
  batch_size: 64,
  learning_rate: 1e-3,
  muon_learning_rate: 0,
  warmup_steps: 50,
  decay: "cosine",
  weight_decay: 0.01,
  gradient_clip: 1,
  ema_decay: 0.995,
  label_dropout: 0.1,
  self_condition: 0,
  seed: 0,
  log_every: 5,
  validate_every: 100,
  checkpoint_every: 100,
  sample_every: 250,
  evaluate_every: 0,
  evaluate_count: 1000,
};

const TEXT: TextConfig = {
  modality: "text",
  dataset: "tiny-shakespeare",
  size: "small",
  activation: "gelu",
  vocabulary_size: 0,
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
  start_from: "",
  start_with: "weights",
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
};

/** The registry of presets. */
export const presets = {
  "mnist-tiny": {
    description: "A few seconds: shows that everything works, not good digits",
    examplesPerSecond: 500,
    config: {
      ...SMALL,
      size: "tiny",
      steps: 60,
      batch_size: 32,
      learning_rate: 2e-3,
      warmup_steps: 5,
      ema_decay: 0.95,
      validate_every: 20,
      checkpoint_every: 20,
      sample_every: 0,
    },
  },
  "mnist-small": {
    description: "The baseline, 0.56 million parameters: 12 minutes on two cores",
    examplesPerSecond: 130,
    config: SMALL,
  },
  "mnist-flow": {
    description:
      "The best digits: rectified flow, self-conditioned; half an hour; sample with dpmpp-2m",
    examplesPerSecond: 110,
    config: {
      ...SMALL,
      schedule: "flow",
      target: "flow",
      time_sampling: "logit-normal",
      steps: 2100,
      muon_learning_rate: 5e-3,
      ema_decay: 0.999,
      self_condition: 0.5,
      validate_every: 300,
      sample_every: 600,
    },
  },
  "mnist-base": {
    description: "For a GPU",
    examplesPerSecond: 15,
    config: {
      ...SMALL,
      size: "large",
      schedule: "flow",
      target: "flow",
      time_sampling: "logit-normal",
      steps: 5000,
      batch_size: 128,
      muon_learning_rate: 5e-3,
      ema_decay: 0.999,
      validate_every: 500,
      checkpoint_every: 500,
      sample_every: 1000,
    },
  },
  demo: {
    description: "Recognisable digits at guidance_scale 2: two minutes",
    examplesPerSecond: 400,
    config: {
      ...SMALL,
      size: "mini",
      steps: 1500,
      batch_size: 32,
      learning_rate: 2e-3,
      ema_decay: 0.99,
      log_every: 10,
      validate_every: 250,
      checkpoint_every: 250,
      sample_every: 250,
    },
  },
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
    description: "A few seconds: shows that everything works, not verse",
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
} satisfies Readonly<Record<PresetName, Preset>>;

/** Returns a preset. @throws {UserError} If the name is unknown. */
export function presetNamed(name: string): Preset {
  const preset = Object.hasOwn(presets, name) ? presets[name as PresetName] : undefined;
  if (!preset) {
    throw new UserError(
      `There is no preset ${JSON.stringify(name)}: the presets are ${PRESET_NAMES.join(", ")}`,
    );
  }
  return preset;
}
