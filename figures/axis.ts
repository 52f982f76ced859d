// @ts-types="@types/d3-scale"
import { scaleLinear, scaleLog } from "d3-scale";
import { formatNumber } from "./format.ts";

export type ScaleName = "linear" | "log";

/** Maps data to pixels along one axis, and knows where its labelled marks stand. */
export interface Axis {
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
  at(value: number): number;
}

/**
 * An axis from `values` (those that are finite, and positive on a log scale) onto the pixel range
 * `[from, to]`, widened to round numbers where `nice` is set. With no usable value it spans 0 to 1.
 */
export function axis(options: {
  readonly values: readonly number[];
  readonly range: readonly [number, number];
  readonly scale: ScaleName;
  readonly tickCount: number;
  readonly nice: boolean;
}): Axis {
  const { range, scale, tickCount } = options;
  const usable = options.values.filter((value) =>
    Number.isFinite(value) && (scale === "linear" || value > 0)
  );
  let low = usable.reduce((a, b) => Math.min(a, b), Infinity);
  let high = usable.reduce((a, b) => Math.max(a, b), -Infinity);
  if (low > high) [low, high] = scale === "log" ? [0.1, 1] : [0, 1];
  if (low === high) {
    [low, high] = scale === "log"
      ? [low / 2, high * 2]
      : [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  }
  const mapping = scale === "log" ? scaleLog([low, high], range) : scaleLinear([low, high], range);
  if (options.nice && scale === "linear") mapping.nice(2 * tickCount);
  const values = scale === "log" ? logTicks(low, high, tickCount) : mapping.ticks(tickCount);
  return {
    ticks: values.map((value) => ({ value, label: formatNumber(value) })),
    at: (value) => mapping(value),
  };
}

/** Marks at 1, 2 and 5 times powers of ten, thinned to powers of ten over many decades. */
function logTicks(low: number, high: number, count: number): number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const decades = last - first;
  const stride = Math.max(1, Math.ceil(decades / count));
  const factors = decades <= 1 ? [1, 1.5, 2, 3, 4, 5, 7] : decades <= 3 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = first; power <= last; power += stride) {
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (value >= low * 0.999 && value <= high * 1.001) ticks.push(value);
    }
  }
  // Within a narrow range round numbers are those of a linear scale.
  return ticks.length >= 3 ? ticks : scaleLinear([low, high], [0, 1]).ticks(count);
}
