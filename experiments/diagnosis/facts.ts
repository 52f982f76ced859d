/** What the verdicts are made from: numbers of one run beside each other. */
import type { Curves, MetricPoint, Run } from "../types.ts";
import { scoreOf, yardstickOf } from "../yardstick.ts";
import { changeSince } from "./curve.ts";

/** The curve that a run is ranked by. */
export function heldOut(run: Run, curves: Curves): readonly MetricPoint[] {
  return curves[yardstickOf(run).metric] ?? [];
}

/** Whether the training loss is lower now than it was at a step. */
export function fallsSince(loss: readonly MetricPoint[], step: number): boolean {
  const change = changeSince(loss, step);
  return change !== null && change < 1;
}

/** Nats per character that training text is ahead; null where nobody knows, or where even training
 * text is worse than trivial: what is not learnt is not learnt by heart. */
export function gapOf({ latest, trivialMse }: Run): number | null {
  const { train_nats: train, nats_per_character: held } = latest;
  if (train === undefined || held === undefined || train >= (trivialMse ?? Infinity)) return null;
  return held - train;
}

/** Whether training text is ahead by at least so much. */
export function isGap(run: Run, least: number): boolean {
  const gap = gapOf(run);
  return gap !== null && gap >= least;
}

/** The held-out error as a fraction of the trivial one; null before the first validation. */
export function relativeError(run: Run): number | null {
  const error = scoreOf(run);
  return error === null || !run.trivialMse ? null : error / run.trivialMse;
}

/** From which fraction of the trivial error on nothing was learnt. */
export function limitOf({ config }: Run): number {
  return config.modality === "text" ? 1 : 0.97;
}

/** What is learnt, in words. */
export function material({ config }: Run): string {
  return config.modality === "text" ? "text" : "pictures";
}

/** A number for people. */
export function shown(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(3) : String(value);
}

/** That held-out data is no better off than by a trivial model, where that is so. */
export function besideTrivial(run: Run): string {
  const relative = relativeError(run);
  return relative === null || relative < limitOf(run)
    ? ""
    : `; held out, it is no better than ${yardstickOf(run).trivial} (${shown(run.trivialMse!)})`;
}
