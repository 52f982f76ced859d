/** Runs that start from another run: with its weights, or to go on for more steps. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Lab, openLab, type Run } from "../../experiments/mod.ts";
import { openStore } from "../../experiments/store/store.ts";
import { decodeSafetensors } from "../../engine/host/mod.ts";
import { shortConfig, withTrainedLab } from "./workspace.ts";

const CONFIG = shortConfig({ steps: 6, validate_every: 3, checkpoint_every: 3 });

async function ended(lab: Lab, run: Run): Promise<Run> {
  const [now] = await lab.watch([run.id], { timeoutSeconds: 120 });
  assert.equal(now!.error, null);
  assert.equal(now!.status, "finished");
  return now!;
}

/** The tensors of a run's newest checkpoint. */
function checkpointOf(lab: Lab, run: Run) {
  const store = openStore(lab.workspace);
  const [newest] = store.checkpoints.list(run.id);
  store.close();
  return decodeSafetensors(Deno.readFileSync(newest!.path)).tensors;
}

const overrides = (changes: object) => {
  const { modality: _, ...config } = CONFIG;
  return { preset: "mnist-tiny", overrides: { ...config, ...changes } } as const;
};

Deno.test("a finished run is extended by a new run that goes on from its last step", () =>
  withTrainedLab(async (lab) => {
    await assert.rejects(
      lab.resume("image-0001"),
      /finished its 6 steps: give overrides with more/,
    );
    await assert.rejects(lab.extend("image-0001", { steps: 6 }), {
      message: "steps is 6, but image-0001 has done 6 already: give more steps",
    });
    const longer = await ended(
      lab,
      await lab.extend("image-0001", { steps: 9, decay: "constant" }),
    );
    assert.equal(longer.id, "image-0002");
    const { start_from, start_with, seed, steps } = longer.config;
    assert.deepEqual([start_from, start_with, seed, steps], ["image-0001@6", "training", 0, 9]);
    assert.notEqual(longer.groupHash, lab.run("image-0001").groupHash);
    const { loss } = lab.metrics(longer.id, { names: ["loss"] });
    assert.deepEqual(loss!.map(({ step }) => step), [8, 9], "only steps of its own");
    assert.equal(lab.run("image-0001").steps, 6, "the run that it goes on from stays as it was");
  }, [CONFIG]));

Deno.test("a run that goes on for no other reason is the run that never ended, bit for bit", () =>
  withTrainedLab(async (lab) => {
    // With a constant rate, the learning rate of a step does not depend on the number of steps.
    const long = await ended(
      lab,
      (await lab.train(overrides({ decay: "constant", steps: 9 }))).runs[0]!,
    );
    const short = (await lab.train(overrides({ decay: "constant" }))).runs[0]!;
    const longer = await ended(lab, await lab.extend((await ended(lab, short)).id, { steps: 9 }));
    assert.deepEqual(checkpointOf(lab, longer), checkpointOf(lab, long));
  }, [CONFIG]));

Deno.test("a run starts with the weights of another one, also under another schedule", () =>
  withTrainedLab(async (lab) => {
    const request = overrides({
      ...{ start_from: "best", steps: 3, learning_rate: 1e-12, warmup_steps: 0, weight_decay: 0 },
      ...{ schedule: "linear" },
    });
    const [run] = (await lab.train(request)).runs;
    assert.equal(run!.config.start_from, "image-0001@6");
    const warm = await ended(lab, run!);
    const [before, after] = [checkpointOf(lab, lab.run("image-0001")), checkpointOf(lab, warm)];
    for (const name of Object.keys(before).filter((key) => key.startsWith("ema/"))) {
      const weights = after[name.replace("ema/", "model/")]!.data;
      before[name]!.data.forEach((value, i) =>
        assert.ok(Math.abs(Number(weights[i]) - Number(value)) < 1e-6, name)
      );
    }
    assert.equal(warm.step, 3);
  }, [CONFIG]));

Deno.test("a run starts with the weights that come with the program, on other data", () =>
  withTrainedLab(async (lab) => {
    const before = "study/digits";
    const [first] = (await lab.train(
      overrides({ start_from: before, steps: 3, size: "small", self_condition: 0.5 }),
    )).runs;
    assert.match(first!.config.start_from, /^study\/digits@\d+$/);
    const warm = await ended(lab, first!);
    const cold = lab.run("image-0001");
    assert.equal(warm.config.dataset, "made-up-digits");
    assert.ok(warm.latest.denoising_mse! < cold.latest.denoising_mse!, "it has learnt before");
    await assert.rejects(
      lab.extend(before, { steps: 100_000 }),
      /never changed: train a run of your own/,
    );
  }, [CONFIG]));

Deno.test("a start that cannot be is refused before anything is queued, or named when it fails", () =>
  withTrainedLab(async (lab) => {
    const refused = async (changes: object, message: RegExp) =>
      await assert.rejects(
        lab.train(overrides(changes)),
        (error: Error) => error.name === "UserError" && message.test(error.message),
      );
    await refused({ start_from: "image-0009" }, /There is no run "image-0009"/);
    await refused({ start_from: "image-0001@3" }, /newest .* is of step 6: name image-0001@6/);
    await refused({ start_with: "training" }, /start_from names no run/);
    await refused({ start_from: "image-0001", start_with: "training" }, /has done 6 already/);
    await refused(
      { start_from: "image-0001", size: "mini" },
      /^size is "mini", but start_from is image-0001, whose size is "tiny", .*: give size "tiny"/,
    );
    await assert.rejects(
      lab.train({ preset: "shakespeare-tiny", overrides: { start_from: "image-0001" } }),
      /a run on image, but this one is on text/,
    );
    assert.equal(lab.runs().total, 1);
    const [wider] =
      (await lab.train(overrides({ start_from: "image-0001", self_condition: 0.5 }))).runs;
    const [failed] = await lab.watch([wider!.id], { timeoutSeconds: 120 });
    assert.equal(failed!.status, "failed");
    assert.match(
      failed!.error!,
      /cannot start from image-0001@6: The checkpoint does not fit .*; give the fields of the network/,
    );
    const db = new DatabaseSync(join(lab.workspace, "lab.sqlite"));
    db.exec("UPDATE runs SET dataset_hash = 'other' WHERE id = 'image-0001'");
    db.close();
    const { id } = await lab.extend("image-0001", { steps: 9 });
    const [foreign] = await lab.watch([id], { timeoutSeconds: 120 });
    assert.match(foreign!.error!, /was trained on other data .*: give start_with "weights"$/);
  }, [CONFIG]));

Deno.test("a run whose start is gone says so", () =>
  withTrainedLab(async (lab) => {
    const store = openStore(lab.workspace);
    store.runs.insert({
      configs: [{ ...CONFIG, start_from: "image-0001@4" }],
      codeVersion: "test",
      label: null,
      sweep: null,
    });
    store.close();
    const again = openLab({ workspace: lab.workspace, device: "cpu" });
    again.ensureWorker();
    const [failed] = await again.watch(["image-0002"], { timeoutSeconds: 120 });
    again.close();
    assert.match(failed!.error!, /checkpoint image-0001@4, which this run starts from, is gone/);
    assert.ok(Deno.statSync(join(lab.workspace, "runs", "image-0001")).isDirectory);
  }, [CONFIG]));
