/** In-painting: sampling the unknown part of points whose other part is known. */
import { UserError } from "../../engine/host/mod.ts";
import type { Points } from "./notation.ts";

/**
 * RePaint (Lugmayr et al. 2022, "RePaint: Inpainting using Denoising Diffusion Probabilistic Models",
 * algorithm 1): after every step the known part is replaced by the known values noised to the level
 * reached. This alone does not harmonise the unknown part with them, so each segment of steps is
 * resampled several times: noise is added to the whole point up to the start of the segment, and the
 * segment is denoised again.
 *
 * The result is an approximation: with more iterations the mean of the unknown part approaches that of the
 * conditional distribution, but its standard deviation remains too small (by an eighth for correlated
 * Gaussians with 20 iterations of 50 steps).
 */
export interface Inpainting<P extends Points = Float32Array> {
  /** Clean samples, shaped like `z`, of which only the known part is used. */
  readonly known: P;
  /** 1 where known, 0 where to be sampled; shaped like `z`. */
  readonly mask: P;
  /** Number of times that each segment is sampled, r in the paper. By default 10; 1 only replaces the known part. */
  readonly resamples?: number | undefined;
  /** Number of steps in a segment, j in the paper. By default 1 (the paper uses 10 of 250). */
  readonly jumpLength?: number | undefined;
}

/**
 * Returns the order of steps as the index of the level that each starts from. If an index does not follow
 * the previous one, noise is added up to its level first.
 *
 * Segments are counted from the clean end; the step to clean data is taken once (the paper's t > 1).
 *
 * @param steps Number of steps from the highest noise level to clean data.
 */
export function repaintWalk(steps: number, jumpLength: number, resamples: number): number[] {
  requireCount("jump_length", jumpLength);
  requireCount("resamples", resamples);
  if (jumpLength > 1 && jumpLength >= steps) {
    throw new UserError(
      `jump_length is ${jumpLength} with ${steps} steps: the last step is taken once, so a segment ` +
        `has at most ${Math.max(1, steps - 1)}`,
    );
  }
  const walk: number[] = [];
  for (let start = 0; start < steps; start++) {
    walk.push(start);
    const reached = start + 1;
    const endsStretch = reached < steps && reached >= jumpLength &&
      (steps - 1 - reached) % jumpLength === 0;
    if (!endsStretch) continue;
    const stretch = Array.from({ length: jumpLength }, (_, i) => reached - jumpLength + i);
    for (let again = 1; again < resamples; again++) walk.push(...stretch);
  }
  return walk;
}

/** Validates the known values and the mask. @throws {UserError} If they do not fit the points. */
export function requireInpainting({ known, mask }: Inpainting<Points>, length: number): void {
  for (const [name, values] of [["known", known], ["mask", mask]] as const) {
    if (values.length !== length) {
      throw new UserError(
        `${name} has ${values.length} values for ${length} in z: they must match`,
      );
    }
  }
  const bad = mask.findIndex((value) => value !== 0 && value !== 1);
  if (bad >= 0) {
    throw new UserError(`mask[${bad}] is ${mask[bad]}: a value is known (1) or sampled (0)`);
  }
}

function requireCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new UserError(`${name} is ${value}: it must be a whole number, at least 1`);
  }
}
