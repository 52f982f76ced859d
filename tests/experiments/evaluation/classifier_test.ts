import assert from "node:assert/strict";
import { gatherImages, loadImageDataset } from "../../../data/mod.ts";
import { openEngine } from "../../../engine/mod.ts";
import { classifierOf, classOf } from "../../../experiments/evaluation/classifier.ts";
import {
  accuracyOn,
  trainClassifier,
} from "../../../experiments/evaluation/classifier_training.ts";
import { classBalance, referenceDraws } from "../../../experiments/evaluation/measure.ts";
import { classifierNetwork, classifierWeights } from "../../../models/image/mod.ts";

Deno.test("the kept classifiers reach the accuracy that their files state", async () => {
  const engine = await openEngine({ device: "cpu" });
  for (const [name, least] of [["mnist", 0.992], ["made-up-digits", 0.992]] as const) {
    const dataset = await loadImageDataset(name);
    const { parameters, metadata } = classifierWeights(name, dataset);
    const accuracy = await accuracyOn(engine, parameters, dataset, dataset.test);
    assert.equal(metadata.dataset_hash, dataset.hash);
    // Rounding differs between processors and may turn a picture that lies on the edge.
    assert.ok(Math.abs(accuracy - Number(metadata.test_accuracy)) < 3e-4, `${name}: ${accuracy}`);
    assert.ok(accuracy >= least, `${name}: ${accuracy}`);
  }
  await engine.dispose();
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
