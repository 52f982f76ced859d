/** The configuration of image runs. */
import { z } from "zod";
import { describeDatasets, imageDatasetNames, isPath } from "../../data/mod.ts";
import { didYouMean, UserError } from "../../engine/host/mod.ts";
import {
  scheduleNames,
  targetNames,
  targets,
  timeSamplingNames,
  weightingNames,
} from "../../models/diffusion/mod.ts";
import { imageNetworkNames, imageNetworks, imageSizes } from "../../models/image/mod.ts";
import { integer, recordingFields, startFields, trainingFields } from "../config/fields.ts";

export const ImageConfig = z.strictObject({
  modality: z.literal("image").describe("What is learned"),
  dataset: z.string().min(1).max(400).describe(
    `Pictures: ${describeDatasets("image")} or IDX files, a subfolder for each class`,
  ),
  image_size: integer(8, 64).multipleOf(4).describe(
    "Height and width to which the pictures of a folder are brought",
  ),
  colour: z.enum(["grey", "rgb"]).describe("What the pictures of a folder are read as"),
  network: z.enum(imageNetworkNames).describe(
    imageNetworkNames.map((name) => `${name}: ${imageNetworks[name].description}`).join("; "),
  ),
  size: z.enum(imageSizes).describe(
    "Thousands of parameters: tiny 36, mini 140, small 556, base 2,200, large 5,000",
  ),
  schedule: z.enum(scheduleNames)
    .describe("Noise schedule, as its log-SNR over time"),
  terminal_snr: z.enum(["as-is", "zero"]).describe(
    "zero rescales the schedule to end in pure noise, which is where sampling starts; as-is leaves it",
  ),
  target: z.enum(targetNames).describe(
    "What the network predicts: " +
      targetNames.map((name) => `${name}: ${targets[name].description}`).join("; "),
  ),
  weighting: z.enum(weightingNames).describe(
    "How much each noise level counts in the loss: uniform is the target's plain squared error",
  ),
  snr_limit: z.number().min(0.01).max(100).describe(
    "SNR up to which min-snr and soft-min-snr let a level's weight grow",
  ),
  time_sampling: z.enum(timeSamplingNames).describe(
    "Which noise levels training sees: uniform in the schedule's time, logit-normal (more of its " +
      "middle), or EDM's log-normal, whatever the schedule",
  ),
  ...startFields,
  ...trainingFields,
  label_dropout: z.number().min(0).max(1).describe(
    "Fraction of training images whose class is hidden; above 0 makes guidance possible",
  ),
  self_condition: z.number().min(0).max(1).describe(
    "Fraction of training images that show the network its own first estimate",
  ),
  ...recordingFields,
  evaluate_every: integer(0, 1_000_000).describe(
    "Steps between evaluations on the way; 0 for none",
  ),
  evaluate_count: integer(200, 5000).describe("Pictures of each"),
});
export type ImageConfig = z.infer<typeof ImageConfig>;

/** Fields that were added later, with the values that reproduce the earlier behaviour. */
export const laterImageFields = {
  muon_learning_rate: 0,
  image_size: 28,
  colour: "grey",
  network: "unet",
  terminal_snr: "as-is",
  snr_limit: 5,
  self_condition: 0,
  evaluate_every: 0,
  evaluate_count: 1000,
  start_from: "",
  start_with: "weights",
} as const satisfies Partial<ImageConfig>;

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
    if (value === (laterImageFields as Record<string, unknown>)[field]) continue;
    throw new UserError(
      `${field} is ${
        JSON.stringify(value)
      } with dataset ${dataset}, whose pictures have a form of ` +
        "their own: leave it out, or name a folder of pictures",
    );
  }
}

/** Returns the configuration of an image run. @throws {UserError} If it has another modality. */
export function imageConfigOf(
  { id, config }: { readonly id: string; readonly config: { readonly modality: string } },
): ImageConfig {
  if (isImageConfig(config)) return config;
  throw new UserError(`${id} is not a run on images: its modality is ${config.modality}`);
}

function isImageConfig(config: { readonly modality: string }): config is ImageConfig {
  return config.modality === "image";
}
