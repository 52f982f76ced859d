/**
 * The classifiers that judge pictures. Of MNIST and the made-up digits the repository has one, and
 * MNIST's judges MNIST-6k too; of any other data set one is trained in the same way when it is first
 * asked for, and kept in the cache.
 *
 * A kept file is whole or not there, and its metadata has a checksum of everything else in it, so
 * that damage is noticed. It is found by the data's hash and the number of the recipe, and so serves
 * every workspace.
 */
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory, type ImageDataset, judgingDataset, lockFolder } from "../../data/mod.ts";
import { decodeSafetensors, type Engine, UserError } from "../../engine/mod.ts";
import type { ImageShape } from "../../models/image/mod.ts";
import {
  type ClassifierWeights,
  classifierWeights,
  decodeClassifier,
  hasClassifier,
} from "../../models/image_classifier.ts";
import {
  deleteUnwanted,
  isTemporary,
  readPart,
  writeFileAtomically,
  writePart,
} from "../common/files.ts";
import { codeVersion } from "../common/code_version.ts";
import {
  batchesPerEpoch,
  CLASSIFIER_BATCH,
  type ClassifierFile,
  type ClassifierState,
  encodeClassifier,
  trainedClassifier,
} from "./classifier.ts";
import type { ClassifierFacts } from "../store/records.ts";

/** Changes where the same data would be given another network, or be trained on in another way. */
const RECIPE = 1;
const SEED = 0;
/** As many epochs as MNIST's classifier has, or as many of its training steps if the set is larger. */
const MOST_EPOCHS = 8;
const MOST_STEPS = 4000;
/** A small set is gone through more often, up to so many steps. */
const LEAST_STEPS = 600;
/** How often a training is saved, in milliseconds. */
const SAVE_EVERY = 5000;
/** What to do where the cache cannot be written. */
const WAYS_OUT = "Name another place with the environment variable XDG_CACHE_HOME";

/** What is known of a data set whose classifier is looked for. */
export interface JudgedData extends ImageShape {
  /** A data set's own name, or the path of a folder. */
  readonly name: string;
  readonly hash: string;
}

/** What an evaluation says of the classifier that judged. */
export function classifierFacts(
  dataset: string,
  { metadata, hash }: ClassifierWeights,
): ClassifierFacts {
  return { dataset: judgingDataset(dataset), accuracy: Number(metadata.test_accuracy), hash };
}

/** How often a training set of so many images is gone through. */
function epochsFor(images: number): number {
  const steps = batchesPerEpoch(images);
  const epochs = Math.min(MOST_EPOCHS, Math.max(1, Math.floor(MOST_STEPS / steps)));
  return Math.max(epochs, Math.ceil(LEAST_STEPS / steps));
}

/** Steps that training a classifier on a data set takes: 0 if there is one. */
export function stepsToClassifier(dataset: ImageDataset): number {
  const { train } = dataset;
  return knownClassifier(dataset) ? 0 : epochsFor(train.count) * batchesPerEpoch(train.count);
}

/**
 * The classifier of a data set if there is one; nothing is trained. A damaged one in the cache counts
 * as none.
 *
 * @throws {UserError} If the repository's own is damaged, or the cache cannot be read.
 */
export function knownClassifier(data: JudgedData): ClassifierWeights | undefined {
  const judge = judgingDataset(data.name);
  if (hasClassifier(judge)) return classifierWeights(judge, data);
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(keptPath(data.hash));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new UserError(`Cannot read the kept classifier: ${(error as Error).message}`);
  }
  try {
    const { tensors, metadata: { checksum, ...metadata } } = decodeSafetensors(bytes);
    if (checksum !== checksumOf({ tensors, metadata })) return undefined;
    return decodeClassifier(bytes, data, data.name);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/**
 * The classifier of a data set, trained and kept if there is none. Several processes may ask at once:
 * one trains, the others wait for it. Where a training was cut short, it goes on, bit for bit.
 *
 * @param onProgress Called with training steps as they are done; what it throws ends the training.
 * @throws {UserError} If the cache cannot be written.
 */
export async function requireClassifier(
  engine: Engine,
  dataset: ImageDataset,
  onProgress: (done: number, steps: number) => void,
): Promise<ClassifierWeights> {
  const known = knownClassifier(dataset);
  if (known) return known;
  using _lock = await lockFolder(folderFor(dataset.hash), WAYS_OUT);
  const trainedMeanwhile = knownClassifier(dataset);
  if (trainedMeanwhile) return trainedMeanwhile;
  const options = { seed: SEED, epochs: epochsFor(dataset.train.count) };
  const half = join(folderFor(dataset.hash), "half.part");
  const stamp = [engine.device, engine.replicasFor(CLASSIFIER_BATCH), codeVersion(), options.epochs]
    .join(" ");
  let savedAt = Date.now();
  const trained = await trainedClassifier(engine, dataset.title, dataset, {
    ...options,
    from: readPart<ClassifierState>(half, stamp)?.value,
    onStep(state, steps) {
      const save = () => writePart(half, stamp, state);
      if (Date.now() - savedAt > SAVE_EVERY) {
        save();
        savedAt = Date.now();
      }
      try {
        onProgress(state.step, steps);
      } catch (error) {
        save();
        throw error;
      }
    },
  });
  const file = { ...trained, metadata: { ...trained.metadata, recipe: String(RECIPE) } };
  const bytes = encodeClassifier(file, { checksum: checksumOf(file) });
  keep(dataset, bytes);
  rmSync(half, { force: true });
  return decodeClassifier(bytes, dataset, dataset.name);
}

/** Whoever calls it holds the folder's lock, so no one else is writing there. */
function keep({ title, hash }: ImageDataset, bytes: Uint8Array): void {
  deleteUnwanted(folderFor(hash), (name) => !isTemporary(name));
  try {
    writeFileAtomically(keptPath(hash), bytes);
  } catch (error) {
    throw new UserError(
      `Cannot keep the classifier of ${title} as ${keptPath(hash)}: ${(error as Error).message}; ` +
        `free ${Math.ceil(bytes.length / 1e6)} MB there. ${WAYS_OUT}`,
    );
  }
}

function folderFor(datasetHash: string): string {
  return join(cacheDirectory(), "classifiers", `${datasetHash.slice(0, 32)}-${RECIPE}`);
}

/** Where the classifier of data with this hash is kept. */
export function keptPath(datasetHash: string): string {
  return join(folderFor(datasetHash), "classifier.safetensors");
}

/** Equal content makes equal files, so the file without its checksum can be made again from it. */
function checksumOf(file: ClassifierFile): string {
  return createHash("sha256").update(encodeClassifier(file)).digest("hex");
}
