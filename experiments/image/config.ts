/** The configuration of image runs: its fields, its objective and noise schedule, and presets. */
import { z } from "zod";
import { describeDatasets, imageDatasetNames, isPath } from "../../data/mod.ts";
import { didYouMean, UserError } from "../../engine/host/mod.ts";
import {
  isLimited,
  type Objective,
  requireTrainable,
  type Schedule,
  schedule,
  scheduleNames,
  targetNames,
  targets,
  timeSamplingNames,
  weightingNames,
  type WeightOptions,
} from "../../models/diffusion/mod.ts";
import { imageNetworkNames, imageNetworks, imageSizes } from "../../models/image/mod.ts";
import {
  fieldFacts,
  fieldsWith,
  integer,
  recordingFields,
  startFields,
  trainingFields,
} from "../config/fields.ts";
import { configReader, type Preset } from "../config/configuration.ts";

export const ImageConfig = z.strictObject({
  modality: z.literal("image").describe("What is learned"),
  dataset: z.string().min(1).max(400).describe(
    `Pictures: ${describeDatasets("image")} or IDX files, a subfolder for each class`,
  ).register(fieldFacts, {
    published: `${imageDatasetNames.join(", ")}, or a folder of pictures`,
  }),
  image_size: integer(8, 64).multipleOf(4).describe(
    "Height and width in pixels to which the pictures of a folder are resized",
  ).register(fieldFacts, { earlier: 28, network: true }),
  colour: z.enum(["grey", "rgb"]).describe(
    "Whether the pictures of a folder are read as grey or in colour",
  )
    .register(fieldFacts, { earlier: "grey", network: true }),
  network: z.enum(imageNetworkNames).describe(
    imageNetworkNames.map((name) => `${name}: ${imageNetworks[name].description}`).join("; "),
  ).register(fieldFacts, {
    earlier: "unet",
    network: true,
    published: "For images: a UNet, or a transformer over patches of 2 × 2 (slow) or 4 × 4 pixels",
  }),
  size: z.enum(imageSizes).describe(
    "Thousands of parameters: tiny 36, mini 140, small 556, base 2,200, large 5,000",
  ).register(fieldFacts, { network: true, published: true, listed: true }),
  schedule: z.enum(scheduleNames).describe("Noise schedule (inspect-noise-schedule shows each)")
    .register(fieldFacts, {
      objective: true,
      listed: true,
      published:
        "Noise schedule; names that end in -gamma are for text (inspect-noise-schedule shows each)",
    }),
  terminal_snr: z.enum(["as-is", "zero"]).describe(
    "zero rescales the schedule so that it ends in pure noise, from which sampling starts; as-is does not",
  ).register(fieldFacts, { earlier: "as-is", objective: true }),
  target: z.enum(targetNames).describe(
    "What the network predicts: " +
      targetNames.map((name) => `${name}: ${targets[name].description}`).join("; "),
  ).register(fieldFacts, {
    objective: true,
    listed: true,
    published: "For images: what the network predicts",
  }),
  weighting: z.enum(weightingNames).describe(
    "Weight of each noise level in the loss: uniform is the squared error of the target; the others are " +
      "functions of the SNR (vlb: the variational bound)",
  ).register(fieldFacts, { objective: true }),
  snr_limit: z.number().min(0.01).max(100).describe(
    "For min-snr and soft-min-snr: SNR above which the weight does not grow further",
  ).register(fieldFacts, { earlier: 5, objective: true }),
  time_sampling: z.enum(timeSamplingNames).describe(
    "Distribution of the noise levels in training: uniform in the schedule's time, logit-normal (more of " +
      "the middle of that time), or EDM's log-normal in sigma, whatever the schedule",
  ).register(fieldFacts, { objective: true }),
  ...startFields,
  ...trainingFields,
  label_dropout: z.number().min(0).max(1).describe(
    "Fraction of training images whose class is hidden; guidance needs more than 0",
  ).register(fieldFacts, { speed: true }),
  self_condition: z.number().min(0).max(1).describe(
    "Self-conditioning: fraction of training images for which the network is given its own previous " +
      "estimate",
  ).register(fieldFacts, { earlier: 0, network: true }),
  ...recordingFields,
  evaluate_every: integer(0, 1_000_000).describe(
    "Steps between evaluations during training; 0 for none",
  ).register(fieldFacts, { earlier: 0, recording: true }),
  evaluate_count: integer(200, 5000).describe("Pictures drawn for each evaluation during training")
    .register(fieldFacts, { earlier: 1000, recording: true }),
});
export type ImageConfig = z.infer<typeof ImageConfig>;

/** Fields that were added later, with the values that reproduce the earlier behaviour. */
export const laterImageFields: Readonly<Record<string, string | number>> = fieldsWith(
  ImageConfig,
  "earlier",
);

/** @throws {UserError} If the data set is unknown, or fields of folders are given for another one. */
export function requireConsistentImages(config: ImageConfig): void {
  const { dataset, image_size, colour } = config;
  if (isPath(dataset, "image")) return;
  if (!imageDatasetNames.includes(dataset)) {
    throw new UserError(
      `dataset is ${JSON.stringify(dataset)}${
        didYouMean(dataset, imageDatasetNames) || ", but must name a data set."
      } ` +
        `There are ${imageDatasetNames.join(", ")}, and folders, which are named with a slash: ` +
        `./${dataset}`,
    );
  }
  for (const [field, value] of Object.entries({ image_size, colour })) {
    if (value === laterImageFields[field]) continue;
    throw new UserError(
      `${field} is ${
        JSON.stringify(value)
      } with dataset ${dataset}, whose pictures have a form of ` +
        "their own: leave it out, or name a folder of pictures",
    );
  }
}

/** Returns the configuration of an image run. @throws {UserError} If it has another modality. */
export const imageConfigOf = configReader<ImageConfig>("image", "images");

/** Standard deviation of the pixels of digits in [−1, 1], 0.6162 for MNIST. Only EDM's target uses it. */
const SIGMA_DATA = 0.62;

/** Returns the training objective of a configuration. */
export function objectiveFor({ target }: ImageConfig): Objective {
  return target === "edm" ? { target, sigmaData: SIGMA_DATA } : target;
}

/** Returns the noise schedule of a configuration. */
export function scheduleOf(config: Pick<ImageConfig, "schedule" | "terminal_snr">): Schedule {
  return schedule(config.schedule, { zeroTerminalSnr: config.terminal_snr === "zero" });
}

/** Returns the options of the weighting. The default of `snr_limit`, which every configuration contains, is
 * omitted for weightings without a limit. */
export function weightOptions({ weighting, snr_limit }: ImageConfig): WeightOptions {
  const limited = isLimited(weighting) || snr_limit !== laterImageFields.snr_limit;
  return limited ? { snrLimit: snr_limit } : {};
}

/**
 * Validates the combination of schedule, target, weighting and distribution of times.
 *
 * @throws {UserError} If it is not valid; the message names the fields, the reason and valid values.
 */
export function requireTrainableConfig(config: ImageConfig): void {
  requireTrainable({
    schedule: scheduleOf(config),
    objective: objectiveFor(config),
    weighting: config.weighting,
    times: config.time_sampling,
    ...weightOptions(config),
  });
}

const SMALL: ImageConfig = ImageConfig.parse({
  ...laterImageFields,
  modality: "image",
  dataset: "mnist",
  size: "small",
  schedule: "cosine",
  target: "v",
  weighting: "uniform",
  time_sampling: "uniform",
  steps: 1500,
  batch_size: 64,
  learning_rate: 1e-3,
  warmup_steps: 50,
  decay: "cosine",
  weight_decay: 0.01,
  gradient_clip: 1,
  ema_decay: 0.995,
  label_dropout: 0.1,
  seed: 0,
  log_every: 5,
  validate_every: 100,
  checkpoint_every: 100,
  sample_every: 250,
});

export const imagePresets = {
  "mnist-tiny": {
    description: "A test of seconds, no good digits",
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
      "The best digits: rectified flow with self-conditioning, half an hour; sample with dpmpp-2m",
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
    description: "Recognisable digits in two minutes; sample with guidance_scale 2",
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
} satisfies Readonly<Record<string, Preset & { readonly config: ImageConfig }>>;
