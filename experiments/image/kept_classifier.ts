/**
 * The classifiers that evaluate images. The repository contains those of MNIST, which also evaluates
 * MNIST-6k, and of the made-up digits. For any other data set a classifier is trained in the same way
 * when it is first needed, and cached.
 *
 * Cached files are written atomically and have a checksum, so that damage is detected. They are identified by
 * the hash of the data and the version of the recipe, and are shared by all workspaces.
 *
 * Run as a program, it trains a classifier for the repository:
 *
 *     deno task train:classifier [--dataset mnist] [--seed 0] [--epochs 8] [--data DIR]
 */
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  cacheDirectory,
  classifierDataset,
  type ImageDataset,
  isPath,
  loadImageDataset,
  lockFolder,
} from "../../data/mod.ts";
import { decodeSafetensors, type Engine, openEngine, UserError } from "../../engine/mod.ts";
import type { ImageShape } from "../../models/image/mod.ts";
import {
  classifierPath,
  type ClassifierWeights,
  classifierWeights,
  decodeClassifier,
  hasClassifier,
} from "../../models/image_classifier.ts";
import {
  codeVersion,
  deleteUnwanted,
  isTemporary,
  readPart,
  writeFileAtomically,
  writePart,
} from "../common/system.ts";
import {
  batchesPerEpoch,
  CLASSIFIER_BATCH,
  type ClassifierFile,
  type ClassifierState,
  encodeClassifier,
  trainedClassifier,
} from "./classifier.ts";
import type { ClassifierFacts } from "./requests.ts";

/** Version of the recipe; it changes with the network or its training. */
const RECIPE = 1;
const SEED = 0;
/** Largest number of epochs, that of MNIST's classifier; larger data sets have as many training steps. */
const MOST_EPOCHS = 8;
const MOST_STEPS = 4000;
/** Smallest number of training steps; small data sets are trained for more epochs. */
const LEAST_STEPS = 600;
/** Milliseconds between saves of the training state. */
const SAVE_EVERY = 5000;
/** Advice if the cache cannot be written. */
const CACHE_ADVICE = "Name another place with the environment variable XDG_CACHE_HOME";

/** A data set that a classifier is needed for. */
export interface JudgedData extends ImageShape {
  /** Name of the data set, or path of a folder. */
  readonly name: string;
  readonly hash: string;
}

/** Returns the description of a classifier in an evaluation. */
export function classifierFacts(
  dataset: string,
  { metadata, hash }: ClassifierWeights,
): ClassifierFacts {
  return { dataset: classifierDataset(dataset), accuracy: Number(metadata.test_accuracy), hash };
}

/** Returns the number of epochs for a training set of this size. */
function epochsFor(images: number): number {
  const steps = batchesPerEpoch(images);
  const epochs = Math.min(MOST_EPOCHS, Math.max(1, Math.floor(MOST_STEPS / steps)));
  return Math.max(epochs, Math.ceil(LEAST_STEPS / steps));
}

/** Returns the number of training steps until a classifier is available: 0 if there is one. */
export function stepsToClassifier(dataset: ImageDataset): number {
  const { train } = dataset;
  return knownClassifier(dataset) ? 0 : epochsFor(train.count) * batchesPerEpoch(train.count);
}

/**
 * Returns the classifier of a data set if it exists, without training. A damaged file in the cache counts as
 * missing.
 *
 * @throws {UserError} If the file in the repository is damaged, or the cache cannot be read.
 */
export function knownClassifier(data: JudgedData): ClassifierWeights | undefined {
  const judge = classifierDataset(data.name);
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
 * Returns the classifier of a data set, training and caching it if necessary. If several processes request
 * it, one trains and the others wait. An interrupted training is resumed bit for bit.
 *
 * @param onProgress Called with the number of completed steps; an exception ends the training.
 * @throws {UserError} If the cache cannot be written.
 */
export async function requireClassifier(
  engine: Engine,
  dataset: ImageDataset,
  onProgress: (done: number, steps: number) => void,
): Promise<ClassifierWeights> {
  const known = knownClassifier(dataset);
  if (known) return known;
  using _lock = await lockFolder(folderFor(dataset.hash), CACHE_ADVICE);
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

/** Writes the file; the caller holds the lock of the folder. */
function keep({ title, hash }: ImageDataset, bytes: Uint8Array): void {
  deleteUnwanted(folderFor(hash), (name) => !isTemporary(name));
  try {
    writeFileAtomically(keptPath(hash), bytes);
  } catch (error) {
    throw new UserError(
      `Cannot keep the classifier of ${title} as ${keptPath(hash)}: ${(error as Error).message}; ` +
        `free ${Math.ceil(bytes.length / 1e6)} MB there. ${CACHE_ADVICE}`,
    );
  }
}

function folderFor(datasetHash: string): string {
  return join(cacheDirectory(), "classifiers", `${datasetHash.slice(0, 32)}-${RECIPE}`);
}

/** Returns the path of the cached classifier for data with this hash. */
export function keptPath(datasetHash: string): string {
  return join(folderFor(datasetHash), "classifier.safetensors");
}

/** Returns the checksum of a file's content; equal content has equal encodings. */
function checksumOf(file: ClassifierFile): string {
  return createHash("sha256").update(encodeClassifier(file)).digest("hex");
}

if (import.meta.main) await trainForRepository();

/** Trains a classifier and writes its weights to the repository. */
async function trainForRepository(): Promise<never> {
  const { values } = parseArgs({
    options: {
      dataset: { type: "string", default: "mnist" },
      seed: { type: "string", default: "0" },
      epochs: { type: "string", default: "8" },
      data: { type: "string" },
    },
  });
  const [seed, epochs] = [Number(values.seed), Number(values.epochs)];
  if (isPath(values.dataset, "image")) {
    throw new UserError(
      `dataset is ${values.dataset}, but the repository keeps classifiers of named data sets only: ` +
        "evaluate a run on the folder, which trains one for it",
    );
  }
  const dataset = await loadImageDataset(
    values.dataset,
    { directory: values.data },
  );
  const engine = await openEngine({ device: "cpu" });
  const version = codeVersion();
  const began = performance.now();
  const elapsed = () => Math.round((performance.now() - began) / 1000);
  const trained = await trainedClassifier(engine, dataset.name, dataset, {
    seed,
    epochs,
    onEpoch: (epoch, loss) =>
      console.log(`epoch ${epoch} of ${epochs}: loss ${loss.toFixed(4)} after ${elapsed()} s`),
  });
  const { accuracy } = trained;
  console.log(
    `${(100 * accuracy).toFixed(2)} % of the ${dataset.test.count} test images are right`,
  );
  const path = fileURLToPath(classifierPath(dataset.name));
  writeFileAtomically(
    path,
    encodeClassifier(trained, {
      training_seconds: String(elapsed()),
      code_version: version,
      command:
        `deno task train:classifier --dataset ${dataset.name} --seed ${seed} --epochs ${epochs}`,
    }),
  );
  console.log(path);
  process.exit(0);
}
