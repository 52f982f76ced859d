/** The classifier, compiled: features and class probabilities of pictures. */
import { type Engine, type Parameters, tf } from "../../engine/mod.ts";
import type { ImageShape } from "../../models/image/mod.ts";
import { classifierNetwork, FEATURE_COUNT } from "../../models/image_classifier.ts";

const BATCH = 200;

/** What the classifier makes of pictures. */
export interface Judgement {
  readonly count: number;
  /** [count, 64] */
  readonly features: Float32Array;
  /** [count, classes], every row sums to 1. */
  readonly probabilities: Float32Array;
}

export interface Classifier {
  /** @param images [count, height, width, channels] in [−1, 1]. */
  judge(images: Float32Array): Promise<Judgement>;
  dispose(): Promise<void>;
}

/** Compiles the classifier of images of a shape, with its weights baked in. */
export async function classifierOf(
  engine: Engine,
  parameters: Parameters,
  shape: ImageShape,
): Promise<Classifier> {
  const { height, width, channels, classes } = shape;
  const length = valuesIn(shape);
  const network = classifierNetwork(shape);
  const program = await engine.compile(
    (inputs) => {
      const { features, logits } = network.apply(inputs, inputs.images!);
      return { features, probabilities: tf.softmax(logits) };
    },
    { images: { shape: [BATCH, height, width, channels], dtype: "float32" } },
    {
      constants: parameters,
      replicas: { count: engine.replicasFor(BATCH), split: ["images"], outputs: "concat" },
    },
  );
  return {
    async judge(images) {
      const count = images.length / length;
      const features = new Float32Array(count * FEATURE_COUNT);
      const probabilities = new Float32Array(count * classes);
      for (let from = 0; from < count; from += BATCH) {
        const taken = Math.min(BATCH, count - from);
        const batch = new Float32Array(BATCH * length);
        batch.set(images.subarray(from * length, (from + taken) * length));
        const outputs = await program.run({ images: batch });
        const rows = (name: string, width: number) =>
          (outputs[name] as Float32Array).subarray(0, taken * width);
        features.set(rows("features", FEATURE_COUNT), from * FEATURE_COUNT);
        probabilities.set(rows("probabilities", classes), from * classes);
      }
      return { count, features, probabilities };
    },
    dispose: () => program.dispose(),
  };
}

/** Values in one image. */
export function valuesIn(
  { height, width, channels }: Pick<ImageShape, "height" | "width" | "channels">,
): number {
  return height * width * channels;
}

/** The class that picture `i` most likely shows. */
export function classOf(
  { probabilities, count }: Pick<Judgement, "probabilities" | "count">,
  i: number,
): number {
  const classes = probabilities.length / count;
  const row = probabilities.subarray(i * classes, (i + 1) * classes);
  return row.indexOf(Math.max(...row));
}
