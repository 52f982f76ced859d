/**
 * Trains the classifier that judges pictures and puts its weights into the repository:
 *
 *     deno task train:classifier [--dataset mnist] [--seed 0] [--epochs 8] [--data DIR]
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type ImageDatasetName, loadImageDataset } from "../../data/mod.ts";
import { encodeSafetensors, openEngine } from "../../engine/mod.ts";
import type { Parameters, SafeTensor } from "../../engine/mod.ts";
import { classifierPath } from "../../models/image/mod.ts";
import { codeVersion } from "../code_version.ts";
import { writeFileAtomically } from "../files.ts";
import { accuracyOn, trainClassifier } from "./classifier_training.ts";

const { values } = parseArgs({
  options: {
    dataset: { type: "string", default: "mnist" },
    seed: { type: "string", default: "0" },
    epochs: { type: "string", default: "8" },
    data: { type: "string" },
  },
});
const [seed, epochs] = [Number(values.seed), Number(values.epochs)];
const dataset = await loadImageDataset(
  values.dataset as ImageDatasetName,
  values.data === undefined ? {} : { directory: values.data },
);
const engine = await openEngine({ device: "cpu" });
const version = codeVersion();
const began = performance.now();
const elapsed = () => Math.round((performance.now() - began) / 1000);
const parameters = await trainClassifier(engine, dataset, {
  seed,
  epochs,
  onEpoch: (epoch, loss) =>
    console.log(`epoch ${epoch} of ${epochs}: loss ${loss.toFixed(4)} after ${elapsed()} s`),
});
const seconds = elapsed();
const accuracy = await accuracyOn(engine, parameters, dataset.test);
console.log(`${(100 * accuracy).toFixed(2)} % of the ${dataset.test.count} test images are right`);
const path = fileURLToPath(classifierPath(dataset.name));
writeFileAtomically(
  path,
  encodeSafetensors(tensorsOf(parameters), {
    format: "textdiffusion-classifier-1",
    dataset: dataset.name,
    dataset_hash: dataset.hash,
    test_accuracy: String(accuracy),
    test_images: String(dataset.test.count),
    seed: String(seed),
    epochs: String(epochs),
    replicas: String(engine.replicasFor(120)),
    device: engine.device,
    training_seconds: String(seconds),
    code_version: version,
    command:
      `deno task train:classifier --dataset ${dataset.name} --seed ${seed} --epochs ${epochs}`,
  }),
);
console.log(path);
process.exit(0);

function tensorsOf(parameters: Parameters): Record<string, SafeTensor> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { shape, data }]) => [name, {
      dtype: "F32",
      shape,
      data,
    }]),
  );
}
