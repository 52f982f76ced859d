/** What a run on images is made of. */
import { z } from "zod";
import { recordingFields, trainingFields } from "./fields.ts";

export const ImageConfig = z.strictObject({
  modality: z.literal("image").describe("What is learned"),
  dataset: z.enum(["mnist", "fashion-mnist", "kmnist", "made-up-digits"]).describe(
    "Training data: mnist (60,000 handwritten digits), fashion-mnist (clothes) or kmnist (cursive " +
      "hiragana), each downloaded once, or made-up-digits (drawn by the program, no network needed)",
  ),
  size: z.enum(["tiny", "mini", "small"]).describe(
    "Size of the UNet: tiny (36 thousand parameters, for tests), mini (140 thousand, for demonstrations) or small (556 thousand)",
  ),
  schedule: z.enum(["linear", "scaled-linear", "cosine", "sigmoid", "sqrt", "edm", "flow"])
    .describe("Noise schedule, as its log-SNR over time"),
  target: z.enum(["epsilon", "x0", "v", "flow", "edm"]).describe(
    "What the network predicts: the noise (epsilon), the clean image (x0), v = alpha*eps - " +
      "sigma*x, rectified flow's velocity eps - x (flow), or EDM's preconditioned output (edm)",
  ),
  weighting: z.enum(["uniform", "snr", "min-snr", "soft-min-snr", "vlb"]).describe(
    "How much each noise level counts in the loss: uniform is the target's plain squared error",
  ),
  time_sampling: z.enum(["uniform", "logit-normal", "log-normal"]).describe(
    "Which noise levels training sees: uniform in the schedule's time, logit-normal (more of its " +
      "middle), or EDM's log-normal, whatever the schedule",
  ),
  ...trainingFields,
  label_dropout: z.number().min(0).max(1).describe(
    "Fraction of training images whose class is hidden; above 0 makes guidance possible",
  ),
  ...recordingFields,
});
export type ImageConfig = z.infer<typeof ImageConfig>;
