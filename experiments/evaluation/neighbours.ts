/** Precision and recall of one set of features against another, by nearest neighbours. */

/** Neighbours that span a point's ball, as Kynkäänniemi et al. suggest. */
const K = 3;

/**
 * Improved precision and recall (Kynkäänniemi et al. 2019): around every point of a set lies a ball
 * that reaches to its third nearest neighbour in the set. Precision is the share of generated points
 * in some real point's ball (are the pictures like real ones?), recall the share of real points in
 * some generated point's ball (are all kinds of real ones made?). Both from 0 to 1, higher is
 * better; they depend on how many points there are, so compare at equal counts only.
 *
 * @param real,generated Row-major [count, dimensions] with more than 3 rows each.
 */
export function precisionRecall(
  real: Float32Array,
  generated: Float32Array,
  dimensions: number,
): { precision: number; recall: number } {
  return {
    precision: covered(generated, real, ballRadii(real, dimensions), dimensions),
    recall: covered(real, generated, ballRadii(generated, dimensions), dimensions),
  };
}

/** Squared distance of every point to its third nearest neighbour, itself not counted. */
function ballRadii(points: Float32Array, d: number): Float64Array {
  const count = points.length / d;
  if (count <= K) throw new RangeError(`Internal: ${count} points have no ${K} neighbours each`);
  const nearest = Array.from({ length: count }, () => new Float64Array(K).fill(Infinity));
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const distance = squaredDistance(points, i, points, j, d);
      insert(nearest[i]!, distance);
      insert(nearest[j]!, distance);
    }
  }
  return Float64Array.from(nearest, (values) => values[K - 1]!);
}

/** Keeps the smallest values, in rising order. */
function insert(smallest: Float64Array, value: number): void {
  let at = K - 1;
  if (value >= smallest[at]!) return;
  for (; at > 0 && smallest[at - 1]! > value; at--) smallest[at] = smallest[at - 1]!;
  smallest[at] = value;
}

/** The share of `points` that lie in a ball around one of `centres`. */
function covered(
  points: Float32Array,
  centres: Float32Array,
  radii: Float64Array,
  d: number,
): number {
  const count = points.length / d;
  let inside = 0;
  for (let i = 0; i < count; i++) {
    if (radii.some((radius, j) => squaredDistance(points, i, centres, j, d) <= radius)) inside++;
  }
  return inside / count;
}

function squaredDistance(a: Float32Array, i: number, b: Float32Array, j: number, d: number) {
  let sum = 0;
  for (let k = 0; k < d; k++) sum += (a[i * d + k]! - b[j * d + k]!) ** 2;
  return sum;
}
