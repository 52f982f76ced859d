/** The runs that come with the program: reached by their ids from any workspace, and never written. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openLab, STUDY_FOLDER } from "../../experiments/mod.ts";
import { findRun } from "../../experiments/registry/modalities.ts";
import {
  checkpointConfig,
  decodeWeights,
  encodeCheckpoint,
  halfPrecision,
  initialState,
} from "../../experiments/run/state.ts";
import { imageNetwork } from "../../models/image/mod.ts";
import { finishedRun, shortConfig, withStore, withWorkspace } from "./workspace.ts";

const ORIGIN = {
  runId: "image-0001",
  createdAt: "2026-01-01T00:00:00.000Z",
  config: shortConfig(),
  codeVersion: "test",
  datasetHash: "0",
  device: "cpu",
  replicas: 1,
};

/** Every file below a folder with the time of its last change. */
function filesOf(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    return isDirectory ? filesOf(path) : [`${path} ${Deno.statSync(path).mtime?.getTime()}`];
  }).sort();
}

Deno.test("an empty workspace reaches the pretrained runs by id and prefix, and lists none as its own", () =>
  withWorkspace((workspace) => {
    const lab = openLab({ workspace });
    try {
      assert.deepEqual(lab.pretrained().map(({ id }) => id), ["study/digits", "study/verse"]);
      assert.deepEqual(lab.runs({}), { runs: [], total: 0 });
      assert.equal(lab.run("study/d").id, "study/digits");
      assert.throws(() => lab.run("study/"), /could mean study\/digits and study\/verse/);
      assert.throws(() => lab.run("latest"), /name a pretrained one: study\/digits, study\/verse/);
      const { run, checkpoints } = lab.inspect("study/verse");
      assert.equal(checkpoints[0]!.step, run.step);
      assert.ok((lab.metrics("study/digits").loss ?? []).length > 2);
      assert.throws(() => lab.run("study/../digits"), /There is no run/);
    } finally {
      lab.close();
    }
  }));

Deno.test("beside them, latest and best are of the workspace's own runs", () =>
  withStore((store) => {
    const worse = finishedRun(store, shortConfig(), 0.9);
    assert.equal(findRun(store, "latest").id, worse);
    assert.equal(findRun(store, "best").id, worse);
    const lab = openLab({ workspace: store.workspace });
    const { leaderboard } = lab.compare(["study/digits", worse]);
    assert.deepEqual(leaderboard.map(({ runId }) => runId), ["study/digits", worse]);
    lab.close();
  }));

Deno.test("pretrained runs are not stopped, resumed or queued, and no file of theirs changes", () =>
  withWorkspace(async (workspace) => {
    const before = filesOf(STUDY_FOLDER);
    const lab = openLab({ workspace, device: "cpu" });
    try {
      await assert.rejects(
        lab.resume("study/digits"),
        /comes with the program and is never changed/,
      );
      assert.throws(() => lab.stop(["study/verse"]), /There is nothing to stop/);
      const sample = await lab.sample({ run: "study/digits", count: 2, steps: 2 });
      assert.equal(sample.runId, "study/digits");
      assert.equal(sample.id, "study-digits-sample-101");
      assert.equal(
        sample.path,
        join(lab.workspace, "runs", "study/digits", "samples", `${sample.id}.safetensors`),
      );
      assert.equal(lab.samples("study/digits").at(-1)?.id, sample.id);
      assert.equal((await lab.samplePixels(sample.id)).count, 2);
      const text = await lab.write({ run: "study/verse", count: 1, length: 8, steps: 2 });
      assert.equal(text.id, "study-verse-sample-101");
      assert.deepEqual(lab.textById(text.id), text);
    } finally {
      lab.close();
    }
    assert.deepEqual(filesOf(STUDY_FOLDER), before);
  }));

Deno.test("half precision keeps the averaged weights to three digits, in a seventh of the bytes", async () => {
  const { parameters } = await imageNetwork("tiny");
  const state = initialState(parameters, 1);
  const checkpoint = encodeCheckpoint({ ...state, step: 7 }, ORIGIN);
  const half = halfPrecision(checkpoint);
  assert.ok(half.length < checkpoint.length / 7, `${half.length} of ${checkpoint.length}`);
  const { step, ema } = decodeWeights(half, parameters);
  assert.equal(step, 7);
  assert.deepEqual(decodeWeights(checkpoint, parameters), { step: 7, ema: state.ema });
  for (const [name, { data }] of Object.entries(state.ema)) {
    ema[name]!.data.forEach((value, i) => {
      assert.ok(Math.abs(value - data[i]!) <= Math.abs(data[i]!) * 2 ** -11 + 2 ** -25, name);
    });
  }
  assert.deepEqual(checkpointConfig(checkpoint), shortConfig());
  assert.throws(
    () => halfPrecision(half),
    /not a checkpoint: its format is textdiffusion-weights-1/,
  );
  const flipped = half.map((byte, i) => i === half.length - 1 ? byte ^ 1 : byte);
  assert.throws(() => decodeWeights(flipped, parameters), /damaged/);
  const name = parameters[0]!.name;
  state.ema[name]!.data[0] = 70_000;
  const large = encodeCheckpoint(state, ORIGIN);
  assert.throws(() => halfPrecision(large), /beyond ±65504, which half precision does not reach/);
});
