/** The classifier, compiled: features and class probabilities of pictures. */
import { type Engine, type Parameters, tf } from "../../engine/mod.ts";
import { classifierNetwork, FEATURE_COUNT } from "../../models/image/mod.ts";

const BATCH = 200;
const PIXELS = 28 * 28;
const CLASSES = 10;

/** What the classifier makes of pictures. */
export interface Judgement {
  readonly count: number;
  /** [count, 64] */
  readonly features: Float32Array;
  /** [count, 10], every row sums to 1. */
  readonly probabilities: Float32Array;
}

export interface Classifier {
  /** @param images [count, 28, 28, 1] in [−1, 1]. */
  judge(images: Float32Array): Promise<Judgement>;
  dispose(): Promise<void>;
}

/** Compiles the classifier with its weights baked in. */
export async function classifierOf(engine: Engine, parameters: Parameters): Promise<Classifier> {
  const network = classifierNetwork();
  const replicas = engine.replicasFor(BATCH);
  const program = await engine.compile(
    (inputs) => {
      const { features, logits } = network.apply(inputs, inputs.images!);
      return { features, probabilities: tf.softmax(logits) };
    },
    { images: { shape: [BATCH, 28, 28, 1], dtype: "float32" } },
    {
      constants: parameters,
      ...(replicas > 1
        ? { replicas: { count: replicas, split: ["images"], outputs: "concat" } }
        : {}),
    },
  );
  return {
    async judge(images) {
      const count = images.length / PIXELS;
      const features = new Float32Array(count * FEATURE_COUNT);
      const probabilities = new Float32Array(count * CLASSES);
      for (let from = 0; from < count; from += BATCH) {
        const taken = Math.min(BATCH, count - from);
        const batch = new Float32Array(BATCH * PIXELS);
        batch.set(images.subarray(from * PIXELS, (from + taken) * PIXELS));
        const outputs = await program.run({ images: batch });
        const rows = (name: string, width: number) =>
          (outputs[name] as Float32Array).subarray(0, taken * width);
        features.set(rows("features", FEATURE_COUNT), from * FEATURE_COUNT);
        probabilities.set(rows("probabilities", CLASSES), from * CLASSES);
      }
      return { count, features, probabilities };
    },
    dispose: () => program.dispose(),
  };
}

/** The class that picture `i` most likely shows. */
export function classOf(probabilities: Float32Array, i: number): number {
  const row = probabilities.subarray(i * CLASSES, (i + 1) * CLASSES);
  return row.indexOf(Math.max(...row));
}
