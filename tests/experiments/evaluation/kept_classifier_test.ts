/** Evaluations of data sets for which the repository has no classifier. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { formatIdx } from "../../../data/idx.ts";
import type { ImageDataset, ImageSplit } from "../../../data/mod.ts";
import { loadImageDataset } from "../../../data/mod.ts";
import { normals, openEngine } from "../../../engine/mod.ts";
import {
  accuracyOn,
  trainClassifier,
} from "../../../experiments/evaluation/classifier_training.ts";
import { keptPath, knownClassifier } from "../../../experiments/evaluation/kept_classifier.ts";
import { measurePictures, referenceDraws } from "../../../experiments/evaluation/measure.ts";
import { evaluationSettings } from "../../../experiments/evaluation/settings.ts";
import { Folder } from "../../data/pictures.ts";
import { cacheIn } from "../cache.ts";
import { shortConfig, withTrainedLab } from "../workspace.ts";

const SMALL = 8;

/** Made-up digits of 8 × 8 pixels, the means of 3 × 3, as IDX files. */
async function writeSmallDigits(folder: Folder): Promise<void> {
  const { train, test } = await loadImageDataset("made-up-digits");
  for (const [name, split, count] of [["train", train, 1200], ["test", test, 420]] as const) {
    const data = new Uint8Array(count * SMALL ** 2).map((_, at) => {
      const [i, row, column] = [Math.floor(at / 64), Math.floor(at / 8) % 8, at % 8];
      let sum = 0;
      for (let k = 0; k < 9; k++) {
        const [y, x] = [2 + 3 * row + Math.floor(k / 3), 2 + 3 * column + k % 3];
        sum += split.pixels[(i * 28 + y) * 28 + x]!;
      }
      return sum / 9;
    });
    folder.write(`${name}-images-idx3`, formatIdx({ shape: [count, SMALL, SMALL], data }));
    const labels = split.labels.subarray(0, count);
    folder.write(`${name}-labels-idx1`, formatIdx({ shape: [count], data: labels }));
  }
}

Deno.test("a folder's classifier is trained by its first evaluation and kept for later ones", async () => {
  using folder = new Folder();
  using _cache = cacheIn(folder.cache);
  await writeSmallDigits(folder);
  const config = shortConfig({ dataset: folder.inside, image_size: SMALL, steps: 2 });
  await withTrainedLab(async (lab) => {
    const dataset = await loadImageDataset(folder.inside, { imageSize: SMALL });
    const path = keptPath(dataset.hash);
    const request = { run: "latest", count: 200, steps: 1 } as const;
    const messages: string[] = [];
    const evaluate = async () => {
      messages.length = 0;
      const evaluation = await lab.evaluate(request, {
        onProgress: ({ message }) => messages.push(message),
      });
      assert.ok(evaluation.modality === "image");
      return evaluation;
    };
    const training = () => messages.filter((message) => message.startsWith("Training")).length;

    // As a program that knows no atomic writes would leave it.
    Deno.mkdirSync(join(path, ".."), { recursive: true });
    Deno.writeFileSync(path, new Uint8Array(100));
    const first = await evaluate();
    assert.ok(training() > 5, messages.join("; "));
    assert.ok(first.classifier.accuracy > 0.9, `${first.classifier.accuracy}`);
    assert.ok(first.results.frechet.distance > 3 * first.results.frechet.floor);
    assert.ok(first.results.realClassEntropy > 2.2);

    const known = knownClassifier(dataset)!;
    assert.equal(known.hash, first.classifier.hash);
    assert.equal(Number(known.metadata.test_accuracy), first.classifier.accuracy);
    const { mtime } = Deno.statSync(path);
    const again = await evaluate();
    assert.equal(training(), 0);
    assert.deepEqual(again.classifier, first.classifier);
    assert.deepEqual(again.results, first.results);
    assert.deepEqual(Deno.statSync(path).mtime, mtime);

    const kept = await lab.sample({ run: "latest", count: 2, steps: 2, keep: "left" });
    assert.equal((await lab.samplePixels(kept.id)).given!.recognised!.length, 2);

    const bytes = Deno.readFileSync(path);
    const accuracyAt = new TextDecoder().decode(bytes).indexOf(known.metadata.test_accuracy!) + 3;
    for (const at of [3, 20, accuracyAt, bytes.length >> 1, bytes.length - 1]) {
      const damaged = bytes.slice();
      damaged[at]! ^= 1;
      Deno.writeFileSync(path, damaged);
      assert.equal(knownClassifier(dataset), undefined, `byte ${at}`);
    }
    Deno.writeFileSync(path, bytes.subarray(0, -4));
    assert.equal(knownClassifier(dataset), undefined, "cut short");
  }, [config]);
});

/** Red and blue pictures of 12 × 8 pixels, told apart by nothing but their colour. */
function colouredPictures(): ImageDataset {
  const [height, width, channels] = [12, 8, 3];
  const split = (stream: string, count: number): ImageSplit => {
    const length = height * width * channels;
    const noise = normals({ seed: 0, stream, step: 0 }, count * length);
    const labels = new Uint8Array(count).map((_, i) => i % 2);
    const pixels = Uint8Array.from(noise, (value, at) => {
      const bright = at % 3 === 2 * labels[Math.floor(at / length)]!;
      return Math.max(0, Math.min(255, (bright ? 150 : 100) + 40 * value));
    });
    return { count, pixels, labels };
  };
  return {
    name: "coloured",
    title: "Coloured pictures",
    hash: "0",
    height,
    width,
    channels,
    classes: 2,
    classNames: ["red", "blue"],
    train: split("train", 100),
    test: split("test", 400),
  };
}

Deno.test("colour pictures that are not square are learned and measured, fewer than a batch too", async () => {
  const engine = await openEngine({ device: "cpu" });
  const dataset = colouredPictures();
  const parameters = await trainClassifier(engine, dataset, { seed: 0, epochs: 40 });
  const accuracy = await accuracyOn(engine, parameters, dataset, dataset.test);
  assert.ok(accuracy > 0.98, `${accuracy}`);
  // The training images themselves, each twice.
  const images = Float32Array.from(
    { length: 200 * 288 },
    (_, k) => dataset.train.pixels[k % (100 * 288)]! / 127.5 - 1,
  );
  const classes = Array.from({ length: 200 }, (_, i) => i % 2);
  const results = await measurePictures(engine, parameters, dataset, { images, classes }, () => {});
  assert.ok(results.accuracy! > 0.98 && results.classShares.length === 2);
  assert.ok(Math.abs(results.realClassEntropy - Math.log(2)) < 0.01);
  assert.deepEqual([results.nearestTraining.median, results.nearestTraining.copies], [0, 1]);
  assert.ok(results.nearestTraining.realMedian > 5);
  await engine.dispose();
});

Deno.test("pictures of one class, or too few held-out ones, are refused with what to do", () => {
  const config = shortConfig({ dataset: "./cats" });
  const pictures = { height: 28, width: 28, channels: 1, classNames: ["cats"] };
  assert.throws(() => evaluationSettings({}, config, pictures), {
    name: "UserError",
    message: "The pictures of ./cats are of one class, but they are judged by a classifier of at " +
      "least 2: put them into a subfolder for each class and train a new run, or look at what it " +
      "samples",
  });
  const dataset = colouredPictures();
  const few = { ...dataset, test: { ...dataset.test, count: 399 } };
  assert.throws(() => referenceDraws(few, 200), {
    name: "UserError",
    message:
      "Coloured pictures has 399 held-out images, and measuring takes two sets of at least " +
      "200: add pictures until 400 are held out, a tenth of a folder's, and train a new run",
  });
});
