import assert from "node:assert/strict";
import { gatherImages, loadImageDataset } from "../../../data/mod.ts";
import { openEngine } from "../../../engine/mod.ts";
import {
  accuracyOn,
  classifierOf,
  classOf,
  trainClassifier,
} from "../../../experiments/image/classifier.ts";
import {
  classifierFacts,
  knownClassifier,
  stepsToClassifier,
} from "../../../experiments/image/kept_classifier.ts";
import { classBalance, largestCount, referenceDraws } from "../../../experiments/image/measure.ts";
import { classifierNetwork, classifierWeights } from "../../../models/image_classifier.ts";

Deno.test("the made-up digits' kept classifier reaches the accuracy that its file states", async () => {
  const engine = await openEngine({ device: "cpu" });
  const dataset = await loadImageDataset("made-up-digits");
  const { parameters, metadata } = classifierWeights("made-up-digits", dataset);
  const accuracy = await accuracyOn(engine, parameters, dataset, dataset.test);
  assert.equal(metadata.dataset_hash, dataset.hash);
  // Rounding differs between processors and may turn a picture that lies on the edge.
  assert.ok(Math.abs(accuracy - Number(metadata.test_accuracy)) < 3e-4, `${accuracy}`);
  assert.ok(accuracy >= 0.992, `${accuracy}`);
  await engine.dispose();
});

Deno.test("MNIST's kept classifier judges MNIST-6k, of whose held-out digits it knows 99 %", async () => {
  const engine = await openEngine({ device: "cpu" });
  const dataset = await loadImageDataset("mnist-6k");
  const judge = knownClassifier(dataset)!;
  assert.equal(judge.hash, classifierWeights("mnist", dataset).hash);
  assert.equal(stepsToClassifier(dataset), 0);
  const facts = classifierFacts(dataset.name, judge);
  assert.equal(facts.dataset, "mnist");
  const accuracy = await accuracyOn(engine, judge.parameters, dataset, dataset.test);
  // 1,000 of the 10,000 digits that the file's accuracy is of: within three standard errors.
  assert.ok(Math.abs(accuracy - facts.accuracy) < 0.008, `${accuracy}`);
  await engine.dispose();
});

Deno.test("a default count of pictures gives way to a small data set, one that was asked for does not", async () => {
  const digits = await loadImageDataset("mnist-6k");
  assert.equal(largestCount(digits, 1000), 500);
  assert.equal(largestCount(digits, 200), 200);
  assert.throws(() => referenceDraws(digits, 1000, "evaluate_count"), {
    name: "UserError",
    message:
      "evaluate_count is 1000, but MNIST-6k has 1000 held-out images and two sets of as many " +
      "are needed: use 200 to 500",
  });
});

Deno.test("pictures are judged alike whatever batch they are in", async () => {
  const engine = await openEngine({ device: "cpu" });
  const dataset = await loadImageDataset("made-up-digits");
  const { test } = dataset;
  const { parameters } = classifierWeights("made-up-digits", dataset);
  const classifier = await classifierOf(engine, parameters, dataset);
  const indices = Array.from({ length: 203 }, (_, i) => i);
  const all = await classifier.judge(gatherImages(test, 784, indices));
  const last = await classifier.judge(gatherImages(test, 784, [202]));
  assert.deepEqual([all.count, all.features.length], [203, 203 * 64]);
  for (let k = 0; k < 64; k++) {
    assert.ok(Math.abs(all.features[202 * 64 + k]! - last.features[k]!) < 1e-4);
  }
  assert.equal(classOf(all, 202), classOf(last, 0));
  await engine.dispose();
});

Deno.test("training a classifier twice with one seed gives the same weights", async () => {
  const dataset = await loadImageDataset("made-up-digits");
  const few = { ...dataset, train: { ...dataset.train, count: 360 } };
  const engine = await openEngine({ device: "cpu" });
  const losses: number[] = [];
  const train = (seed: number) =>
    trainClassifier(engine, few, { seed, epochs: 1, onEpoch: (_, loss) => losses.push(loss) });
  const [first, again, other] = [await train(0), await train(0), await train(1)];
  assert.deepEqual(first, again);
  assert.notDeepEqual(first, other);
  assert.equal(losses[0], losses[1]);
  await engine.dispose();
});

Deno.test("the classifier has the parameters that its layers add up to", () => {
  const digits = { height: 28, width: 28, channels: 1, classes: 10 };
  assert.equal(classifierNetwork(digits).parameterCount, 89_322);
  // In colour, of 12 × 20 pixels: 2 · 16 · 9 weights more at the start, 2 × 3 positions at the end
  // in place of 4 × 4, 64 weights and a bias for each of 7 classes fewer.
  const other = { height: 12, width: 20, channels: 3, classes: 3 };
  const difference = 2 * 16 * 9 - (16 - 6) * 48 * 64 - 7 * 65;
  assert.equal(classifierNetwork(other).parameterCount, 89_322 + difference);
});

Deno.test("each draw has two sets of images, none in both", async () => {
  const dataset = await loadImageDataset("made-up-digits");
  for (const { reference, other } of referenceDraws(dataset, 500)) {
    assert.equal(new Set([...reference, ...other]).size, 1000);
  }
});

Deno.test("the entropy of classes is ln 10 when all are equal and 0 when one is alone", () => {
  const rows = (classes: number[]) =>
    Float32Array.from(
      classes.flatMap((c) => Array.from({ length: 10 }, (_, i) => Number(i === c))),
    );
  const even = classBalance({ probabilities: rows([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), count: 10 });
  assert.ok(Math.abs(even.entropy - Math.log(10)) < 1e-12);
  assert.deepEqual(classBalance({ probabilities: rows([3, 3]), count: 2 }).entropy, 0);
});
