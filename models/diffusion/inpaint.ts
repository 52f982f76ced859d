/** Sampling the unknown part of points whose other part is known. */
import { UserError } from "../../engine/host/mod.ts";
import type { Points } from "./notation.ts";

/**
 * RePaint (Lugmayr et al. 2022, "RePaint: Inpainting using Denoising Diffusion Probabilistic Models",
 * algorithm 1): after every step the known part is replaced by the known values noised to the level
 * reached. That alone lets the unknown part ignore them, so each stretch of steps is walked several
 * times: back up by adding noise to the whole point, then down again with the denoiser asked at the
 * levels really passed.
 *
 * It is an approximation: with more passes the unknown part's mean comes to that of the conditional
 * distribution, but its spread comes out too small (by an eighth, for 20 passes of 50 steps over
 * correlated Gaussians).
 */
export interface Inpainting<P extends Points = Float32Array> {
  /** Clean samples of which the known part is used, like `z`. */
  readonly known: P;
  /** 1 where known, 0 where to be sampled, like `z`. */
  readonly mask: P;
  /** Times that each stretch is walked down, by default 10 (r in the paper); 1 only replaces. */
  readonly resamples?: number | undefined;
  /** Steps of a stretch, by default 1 (the paper's j is 10 of 250). */
  readonly jumpLength?: number | undefined;
}

/**
 * The order in which steps are taken: the index of the level that each starts from. Where an index
 * is not the one before plus one, noise is added up to its level first.
 *
 * Stretches are counted from the clean end, where the known and the unknown part settle with each
 * other; the step to clean data itself is taken once (the paper's t > 1).
 *
 * @param steps Steps from the noisiest level to clean data.
 */
export function repaintWalk(steps: number, jumpLength: number, resamples: number): number[] {
  requireCount("jump_length", jumpLength);
  requireCount("resamples", resamples);
  if (jumpLength > 1 && jumpLength >= steps) {
    throw new UserError(
      `jump_length is ${jumpLength} with ${steps} steps: the last step is taken once, so a stretch ` +
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

/** Checks the known values and the mask against the points. */
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
