/**
 * Trains the classifier that evaluates images and writes its weights to the repository:
 *
 *     deno task train:classifier [--dataset mnist] [--seed 0] [--epochs 8] [--data DIR]
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isPath, loadImageDataset } from "../../data/mod.ts";
import { openEngine, UserError } from "../../engine/mod.ts";
import { classifierPath } from "../../models/image_classifier.ts";
import { codeVersion } from "../common/code_version.ts";
import { writeFileAtomically } from "../common/files.ts";
import { encodeClassifier, trainedClassifier } from "./classifier.ts";

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
console.log(`${(100 * accuracy).toFixed(2)} % of the ${dataset.test.count} test images are right`);
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
