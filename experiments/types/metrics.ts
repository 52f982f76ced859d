/** Sizes of blocks, in tokens, whose likelihood has metrics; whole windows have them too. */
export const BLOCK_SIZES = [1, 4, 16, 64] as const;
export type BlockMetric = `nats_block_${typeof BLOCK_SIZES[number] | "full"}`;
/** Nats per character at each of {@link BLOCK_SIZES}, then of whole windows. */
export const BLOCK_METRICS: readonly BlockMetric[] = [...BLOCK_SIZES, "full" as const]
  .map((size) => `nats_block_${size}` as const);

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
  "frechet",
  "accuracy",
  "nats_per_character",
  "nats_standard_error",
  ...BLOCK_METRICS,
  ...BLOCK_METRICS.map((name) => `${name}_error` as const),
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
  "gamma_quarter",
  "gamma_half",
  "gamma_three_quarters",
] as const;
export type MetricName = typeof METRIC_NAMES[number];

export interface MetricPoint {
  readonly step: number;
  readonly value: number;
}
export type Curves = Readonly<Partial<Record<MetricName, readonly MetricPoint[]>>>;
