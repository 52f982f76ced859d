/** Names of the stored metrics; those from validation use the EMA weights. */
export const METRIC_NAMES = [
  "loss",
  "learning_rate",
  "gradient_norm",
  "images_per_second",
  "validation_loss",
  "denoising_mse",
  "denoising_mse_q0",
  "denoising_mse_q1",
  "denoising_mse_q2",
  "denoising_mse_q3",
  "nats_per_character",
  "nats_standard_error",
  "nats_block_1",
  "nats_block_4",
  "nats_block_16",
  "nats_block_64",
  "nats_block_full",
  "nats_block_1_error",
  "nats_block_4_error",
  "nats_block_16_error",
  "nats_block_64_error",
  "nats_block_full_error",
  "reconstruction_nats",
  "diffusion_nats",
  "prior_nats",
  "train_nats",
  "cross_entropy_q0",
  "cross_entropy_q1",
  "cross_entropy_q2",
  "cross_entropy_q3",
  "prior_cross_entropy_q0",
  "prior_cross_entropy_q1",
  "prior_cross_entropy_q2",
  "prior_cross_entropy_q3",
  "embedding_norm",
  "embedding_rank",
  "embedding_accuracy",
  "windows_per_second",
  "shuffled_gap",
  "rounding_nats",
  "informative_share",
] as const;
export type MetricName = typeof METRIC_NAMES[number];

export interface MetricPoint {
  readonly step: number;
  readonly value: number;
}
export type Curves = Readonly<Partial<Record<MetricName, readonly MetricPoint[]>>>;
