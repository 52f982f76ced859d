/** The t in [0, 1] at which a γ(t) that rises with t reaches a level, to 1e-9 from below. */
export function timeAt(gamma: (t: number) => number, level: number): number {
  let [low, high] = [0, 1];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (gamma(middle) < level) low = middle;
    else high = middle;
  }
  return low;
}
