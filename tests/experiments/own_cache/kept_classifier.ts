/** Evaluations of data sets for which the repository has no classifier. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { formatIdx } from "../../../data/idx.ts";
import { type ImageDataset, type ImageSplit, loadImageDataset } from "../../../data/mod.ts";
import { decodeSafetensors, normals, openEngine } from "../../../engine/mod.ts";
import { accuracyOn, trainClassifier } from "../../../experiments/image/classifier.ts";
import {
  keptPath,
  knownClassifier,
  requireClassifier,
} from "../../../experiments/image/kept_classifier.ts";
import { measurePictures, referenceDraws } from "../../../experiments/image/measure.ts";
import { evaluationSettings } from "../../../experiments/image/settings.ts";
import { type ImageEvaluation, openLab } from "../../../experiments/mod.ts";
import { openStore } from "../../../experiments/store/store.ts";
import { Folder } from "../../data/pictures.ts";
import { queue, shortConfig, withWorkspace } from "../workspace.ts";
import { groupHash } from "../../../experiments/config/configuration.ts";
import { runWorker } from "../../../experiments/run_worker.ts";

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

Deno.test("A folder of small digits that no classifier knows", async (t) => {
  using folder = new Folder();
  await writeSmallDigits(folder);
  const dataset = await loadImageDataset(folder.inside, { imageSize: SMALL });
  const short = { dataset: folder.inside, image_size: SMALL, steps: 6, sample_every: 4 };
  await withWorkspace(async (workspace) => {
    const store = openStore(workspace);
    const lab = openLab({ workspace, device: "cpu" });
    const train = async (overrides: object = {}) => {
      const [id] = queue(store, shortConfig({ ...short, ...overrides })) as [string];
      await runWorker({ workspace, device: "cpu" });
      return id;
    };
    const messages: string[] = [];
    const evaluate = async (run: string) => {
      messages.length = 0;
      const evaluation = await lab.evaluate({ run, count: 200 }, {
        onProgress: ({ message }) => messages.push(message),
      });
      assert.equal(evaluation.modality, "image");
      return evaluation as ImageEvaluation;
    };
    const training = () =>
      messages.filter((message) => message.includes("Training a classifier")).length;
    const path = keptPath(dataset.hash);
    const plain = await train();
    let classifier: ImageEvaluation["classifier"];

    await t.step(
      "its first evaluation trains one, over a damaged file too, and says so",
      async () => {
        Deno.mkdirSync(dirname(path), { recursive: true });
        Deno.writeFileSync(path, new Uint8Array(100));
        const { results, ...first } = await evaluate(plain);
        assert.ok(training() > 5, messages.join("; "));
        assert.ok(first.classifier.accuracy > 0.9, `${first.classifier.accuracy}`);
        assert.ok(results.frechet.distance > 3 * results.frechet.floor);
        assert.ok(results.realClassEntropy > 2.2);
        const known = knownClassifier(dataset)!;
        assert.equal(known.hash, first.classifier.hash);
        assert.equal(Number(known.metadata.test_accuracy), first.classifier.accuracy);
        ({ classifier } = first);
      },
    );

    await t.step("a run is measured on the way, learns the same, and may be stopped", async () => {
      const { mtime } = Deno.statSync(path);
      const config = shortConfig({ ...short, evaluate_every: 4, evaluate_count: 200 });
      const [run] = queue(store, config) as [string];
      const working = runWorker({ workspace, device: "cpu" });
      // Samples are drawn before the pictures that are measured.
      while (store.samples.list(run).length === 0) await setTimeout(1);
      store.runs.requestStop(run);
      await working;
      const { status, step } = store.runs.byId(run)!;
      assert.deepEqual([status, step, store.evaluations.list(run)], ["stopped", 4, []]);
      store.runs.requeue(run);
      await runWorker({ workspace, device: "cpu" });
      const { error } = store.runs.byId(run)!;
      assert.equal(error, null);

      const [first, last, ...more] = store.evaluations.list(run) as ImageEvaluation[];
      assert.deepEqual([first!.modality, last!.modality, more], ["image", "image", []]);
      assert.deepEqual([first!.step, last!.step, last!.madeBy], [4, 6, "training"]);
      const curves = store.metrics.curves(run, ["frechet", "accuracy"]);
      assert.deepEqual(
        [curves.frechet, curves.accuracy],
        [
          [first, last].map((made) => ({
            step: made!.step,
            value: made!.results.frechet.distance,
          })),
          [first, last].map((made) => ({ step: made!.step, value: made!.results.accuracy! })),
        ],
      );
      const weights = (id: string) =>
        decodeSafetensors(Deno.readFileSync(store.checkpoints.list(id)[0]!.path)).tensors;
      assert.deepEqual(weights(run), weights(plain));

      const asked = await evaluate(run);
      assert.equal(training(), 0);
      assert.deepEqual([asked.classifier, last!.classifier], [classifier, classifier]);
      assert.deepEqual(Deno.statSync(path).mtime, mtime);
      assert.deepEqual([asked.step, asked.settings], [6, last!.settings]);
      // The weights are baked into one program and an input of the other, which rounds otherwise.
      const ratio = asked.results.frechet.distance / last!.results.frechet.distance;
      assert.ok(Math.abs(ratio - 1) < 1e-3, `${ratio}`);
      assert.equal(asked.results.frechet.floor, last!.results.frechet.floor);

      // Going back takes along what training made after the step, and nothing else.
      store.evaluations.deleteMadeAfter(run, 4);
      assert.deepEqual(store.evaluations.list(run), [first, asked]);
      const { id: _, createdAt: __, ...again } = last!;
      assert.equal(store.evaluations.insert(again), `${run}-evaluation-004`);
    });

    await t.step("a run that could not be measured fails before its first step", async () => {
      const { status, step, error } = store.runs.byId(
        await train({ evaluate_every: 1, evaluate_count: 211 }),
      )!;
      assert.deepEqual([status, step], ["failed", 0]);
      assert.match(
        error!,
        /^evaluate_count is 211, but pictures has 420 held-out images .* use 200 to 210$/,
      );
    });

    await t.step("a training that was cut short goes on, to the same weights", async () => {
      const engine = await openEngine({ device: "cpu" });
      const whole = Deno.readFileSync(path);
      Deno.removeSync(path);
      const stop = new Error("stop");
      const cut = requireClassifier(engine, dataset, (done) => {
        if (done === 40) throw stop;
      });
      await assert.rejects(cut, (error) => error === stop);
      assert.equal(knownClassifier(dataset), undefined);
      const steps: number[] = [];
      const { hash } = await requireClassifier(engine, dataset, (done) => steps.push(done));
      assert.equal(steps[0], 41);
      assert.equal(hash, classifier.hash);
      assert.deepEqual(Deno.readFileSync(path), whole);
      assert.deepEqual(
        [...Deno.readDirSync(dirname(path))].map(({ name }) => name).sort(),
        [".lock", "classifier.safetensors"],
      );
      await engine.dispose();
    });

    await t.step("in-painted pictures are looked at by its classifier", async () => {
      const kept = await lab.sample({ run: plain, count: 2, steps: 2, keep: "left" });
      assert.equal((await lab.samplePixels(kept.id)).heldOut!.recognised!.length, 2);
    });

    await t.step("damage to the kept file is noticed wherever it is", () => {
      const bytes = Deno.readFileSync(path);
      const accuracyAt = new TextDecoder().decode(bytes).indexOf(String(classifier.accuracy)) + 3;
      for (const at of [3, 20, accuracyAt, bytes.length >> 1, bytes.length - 1]) {
        const damaged = bytes.slice();
        damaged[at]! ^= 1;
        Deno.writeFileSync(path, damaged);
        assert.equal(knownClassifier(dataset), undefined, `byte ${at}`);
      }
      Deno.writeFileSync(path, bytes.subarray(0, -4));
      assert.equal(knownClassifier(dataset), undefined, "cut short");
    });

    await t.step("nothing is measured against other pictures than were learned", async () => {
      const path = join(folder.inside, "test-labels-idx1");
      const labels = Deno.readFileSync(path);
      Deno.writeFileSync(path, labels.map((label, i) => i === labels.length - 1 ? 0 : label));
      await assert.rejects(evaluate(plain), {
        name: "UserError",
        message: /^image-0001 began on other data: .* put the old files back, or train a new run$/,
      });
    });
    lab.close();
    store.close();
  });
});

Deno.test("runs are of one group whether they are measured on the way or not", () => {
  const config = shortConfig();
  assert.deepEqual([config.evaluate_every, config.evaluate_count], [0, 1000]);
  const measured = shortConfig({ evaluate_every: 9, evaluate_count: 300 });
  assert.equal(groupHash(measured), groupHash(config));
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
