/** The configuration fields that all modalities share. */
import { z } from "zod";

/** Declares an integer within inclusive bounds. */
export const integer = (minimum: number, maximum: number) =>
  z.number().int().min(minimum).max(maximum);

/** Fields of the optimisation. */
export const trainingFields = {
  steps: integer(1, 1_000_000).describe("Training steps"),
  batch_size: integer(1, 1024).describe("Examples per training step"),
  learning_rate: z.number().positive().max(1).describe("Peak learning rate of AdamW"),
  muon_learning_rate: z.number().min(0).max(1).describe(
    "Peak learning rate of Muon, which then updates the hidden layers' matrices; 0 leaves all to AdamW",
  ),
  warmup_steps: integer(0, 100_000).describe("Steps over which the learning rate rises from zero"),
  decay: z.enum(["constant", "cosine", "linear"]).describe(
    "How the learning rate falls after the warm-up",
  ),
  weight_decay: z.number().min(0).max(1).describe("Decoupled weight decay of AdamW"),
  gradient_clip: z.number().min(0).max(1000).describe(
    "Largest global gradient norm; larger gradients are scaled down; 0 turns clipping off",
  ),
  ema_decay: z.number().min(0).max(0.99999).describe(
    "Largest decay of the moving average of the weights (the weights that are sampled from)",
  ),
};

/** What training begins with. */
export const startFields = {
  start_from: z.string().max(80).describe(
    "Run whose newest checkpoint training starts from, kept as image-0001@600; empty for random weights",
  ),
  start_with: z.enum(["weights", "training"]).describe(
    "What start_from gives: its weights (the moving average), for a training of their own; or the " +
      "whole training, optimiser and step with it, to go on for more steps",
  ),
};

/** The seed, and what is recorded on the way. */
export const recordingFields = {
  seed: integer(0, 2_147_483_647).describe("Seed of everything random in the run"),
  log_every: integer(1, 100_000).describe("Steps between writes of the training metrics"),
  validate_every: integer(1, 1_000_000).describe("Steps between validations on held-out examples"),
  checkpoint_every: integer(1, 1_000_000).describe("Steps between checkpoints"),
  sample_every: integer(0, 1_000_000).describe("Steps between small samples; 0 for none"),
};

/** Fields that affect what is recorded, but not the training itself. */
export const RECORDING = [
  "log_every",
  "validate_every",
  "checkpoint_every",
  "sample_every",
  "evaluate_every",
  "evaluate_count",
] as const;
