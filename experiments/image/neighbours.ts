/** Improved precision and recall. */
import type { ImageSplit } from "../../data/mod.ts";
import { type Engine, type Program, tf } from "../../engine/mod.ts";

/** Number of neighbours that define the radius of a ball, as in Kynkäänniemi et al. */
const K = 3;

/**
 * Improved precision and recall (Kynkäänniemi et al. 2019). Every point of a set is the centre of a ball with
 * the distance to its third nearest neighbour as radius. Precision, which measures fidelity, is the share of
 * generated points in the ball of any real point. Recall, which measures diversity, is the share of real
 * points in the ball of any generated point. Both are between 0 and 1, higher is better; they depend on the
 * number of points and are comparable at equal counts only.
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

/** Returns the squared distance of every point to its third nearest neighbour. */
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

/** Inserts a value into a sorted list of the smallest values. */
function insert(smallest: Float64Array, value: number): void {
  let at = K - 1;
  if (value >= smallest[at]!) return;
  for (; at > 0 && smallest[at - 1]! > value; at--) smallest[at] = smallest[at - 1]!;
  smallest[at] = value;
}

/** Returns the share of `points` that are in the ball of any of the `centres`. */
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

/** Pictures and training images that are compared in one product. */
const PICTURES = 200;
const TRAINING = 2000;

/**
 * Euclidean distance of every picture to its nearest training image, over pixels in [−1, 1]
 * (0 is a copy; the largest possible is 2 √values, 56 for digits).
 *
 * Which one is nearest is found in float32 by |x|² + |y|² − 2xy, whose rounding can only swap images
 * that are equally near; the distance to it is then taken in float64.
 *
 * @param length Values in one image: height · width · channels.
 * @param images [count, height, width, channels] in [−1, 1].
 */
export async function nearestTrainingDistances(
  engine: Engine,
  train: ImageSplit,
  length: number,
  images: Float32Array,
  onProgress?: (done: number, total: number) => void,
): Promise<Float64Array> {
  const program = await compileNearest(engine, length);
  const count = images.length / length;
  const best = new Float64Array(count).fill(Infinity);
  const which = new Int32Array(count);
  const chunk = new Float32Array(TRAINING * length);
  for (let first = 0; first < train.count; first += TRAINING) {
    // A short last chunk is filled up with its own images again.
    const start = Math.max(0, Math.min(first, train.count - TRAINING));
    for (let k = 0; k < chunk.length; k++) {
      chunk[k] = train.pixels[(start * length + k) % train.pixels.length]! / 127.5 - 1;
    }
    for (let from = 0; from < count; from += PICTURES) {
      const batch = new Float32Array(PICTURES * length);
      batch.set(images.subarray(from * length, (from + PICTURES) * length));
      const { distance, index } = await program.run({ images: batch, train: chunk });
      for (let i = from; i < Math.min(from + PICTURES, count); i++) {
        if (distance![i - from]! >= best[i]!) continue;
        best[i] = distance![i - from]!;
        which[i] = (start + index![i - from]!) % train.count;
      }
    }
    onProgress?.(Math.min(first + TRAINING, train.count), train.count);
  }
  await program.dispose();
  return best.map((_, i) => distanceTo(train, length, which[i]!, images, i));
}

async function compileNearest(engine: Engine, length: number): Promise<Program> {
  return await engine.compile(
    ({ images, train }) => {
      // Brightness from 0, so that most pixels are 0 and little is rounded.
      const x = tf.add(images!, 1), y = tf.add(train!, 1);
      const products = tf.matMul(x as tf.Tensor2D, y as tf.Tensor2D, false, true);
      const norms = tf.sum(tf.mul(y, y), 1);
      const relative = tf.sub(norms, tf.mul(products, 2)); // [pictures, training]
      return {
        distance: tf.add(tf.min(relative, 1), tf.sum(tf.mul(x, x), 1)),
        index: tf.argMin(relative, 1),
      };
    },
    {
      images: { shape: [PICTURES, length], dtype: "float32" },
      train: { shape: [TRAINING, length], dtype: "float32" },
    },
    { replicas: { count: engine.replicasFor(PICTURES), split: ["images"], outputs: "concat" } },
  );
}

function distanceTo(
  train: ImageSplit,
  length: number,
  index: number,
  images: Float32Array,
  i: number,
): number {
  let sum = 0;
  for (let k = 0; k < length; k++) {
    // Rounded as the pictures are, so that a copy is at 0.
    const value = Math.fround(train.pixels[index * length + k]! / 127.5 - 1);
    sum += (images[i * length + k]! - value) ** 2;
  }
  return Math.sqrt(sum);
}
