/** A trained classifier as a file. */
import type { ImageDataset } from "../../data/mod.ts";
import {
  encodeSafetensors,
  type Engine,
  type Parameters,
  type SafeTensor,
} from "../../engine/mod.ts";
import {
  accuracyOn,
  CLASSIFIER_BATCH,
  type ClassifierTraining,
  trainClassifier,
} from "./classifier_training.ts";

/** Tensors, and what is known about them: what `encodeSafetensors()` takes. */
export interface ClassifierFile {
  readonly tensors: Readonly<Record<string, SafeTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Trains the classifier of a data set and measures it on the held-out images. The metadata is a
 * function of data, options, device and number of replicas, like the weights.
 *
 * @param name What the metadata calls the data set.
 */
export async function trainedClassifier(
  engine: Engine,
  name: string,
  dataset: ImageDataset,
  options: ClassifierTraining,
): Promise<ClassifierFile & { readonly accuracy: number }> {
  const parameters = await trainClassifier(engine, dataset, options);
  const accuracy = await accuracyOn(engine, parameters, dataset, dataset.test);
  return {
    accuracy,
    tensors: tensorsOf(parameters),
    metadata: {
      format: "textdiffusion-classifier-1",
      dataset: name,
      dataset_hash: dataset.hash,
      test_accuracy: String(accuracy),
      test_images: String(dataset.test.count),
      seed: String(options.seed),
      epochs: String(options.epochs),
      replicas: String(engine.replicasFor(CLASSIFIER_BATCH)),
      device: engine.device,
    },
  };
}

/** The bytes of a file, with further metadata. */
export function encodeClassifier(
  { tensors, metadata }: ClassifierFile,
  further: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  return encodeSafetensors(tensors, { ...metadata, ...further });
}

function tensorsOf(parameters: Parameters): Record<string, SafeTensor> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { shape, data }]) => [
      name,
      { dtype: "F32", shape, data },
    ]),
  );
}
