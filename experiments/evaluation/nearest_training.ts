/** How near pictures lie to the training images: whether a model has learnt some by heart. */
import type { ImageSplit } from "../../data/mod.ts";
import { type Engine, type Program, tf } from "../../engine/mod.ts";

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
