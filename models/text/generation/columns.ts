/**
 * The same columns of every row: [count, width] → [count, to − from], row-major; `values` itself
 * where all are kept.
 *
 * @param from First column that is kept.
 * @param to First column behind them that is not.
 */
export function columns(
  values: Float32Array,
  count: number,
  width: number,
  from: number,
  to: number,
): Float32Array {
  if (from === 0 && to === width) return values;
  const kept = new Float32Array(count * (to - from));
  for (let row = 0; row < count; row++) {
    kept.set(values.subarray(row * width + from, row * width + to), row * (to - from));
  }
  return kept;
}
