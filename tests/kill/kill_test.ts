/**
 * Kills the worker, the server, or both, again and again at random moments, and looks each time at what
 * is left: the store opens, nothing from before the last checkpoint is lost, the run is shown as
 * interrupted, and it goes on. In the end it must be bit for bit what it would have become undisturbed.
 *
 * The moments come from a seed; KILL_SEED sets another one.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { decodeSafetensors, uniforms } from "../../engine/mod.ts";
import {
  type Curves,
  type Lab,
  METRIC_NAMES,
  openLab,
  type Run,
  type TextSample,
} from "../../experiments/mod.ts";
import { openStore, type Store } from "../../experiments/store/store.ts";
import { isTemporary } from "../../experiments/common/system.ts";
import { removeFolder } from "../experiments/workspace.ts";

const LONGEST_WAIT = 3000;
const SEED = Number(Deno.env.get("KILL_SEED") ?? 1);
const TARGETS = ["worker", "server", "both"] as const;

/** What is trained while it is killed. */
interface Victim {
  readonly preset: "mnist-tiny" | "shakespeare-tiny";
  readonly overrides: Readonly<Record<string, string | number>>;
  readonly rounds: number;
  readonly yardstick: "denoising_mse" | "nats_per_character";
}

/** Everything happens often, so that kills fall into all of it. */
const OFTEN = { log_every: 2, validate_every: 30, checkpoint_every: 6, sample_every: 15 };

const VICTIMS: Readonly<Record<string, Victim>> = {
  pictures: {
    preset: "mnist-tiny",
    overrides: { ...OFTEN, dataset: "made-up-digits", steps: 900, batch_size: 8 },
    rounds: 20,
    yardstick: "denoising_mse",
  },
  text: {
    preset: "shakespeare-tiny",
    overrides: {
      ...OFTEN,
      dataset: "made-up-verse",
      method: "blocks",
      steps: 300,
      batch_size: 8,
      validate_every: 60,
      sample_every: 45,
    },
    rounds: 12,
    yardstick: "nats_per_character",
  },
};

for (const [what, victim] of Object.entries(VICTIMS)) {
  Deno.test(`${what}: killed at ${victim.rounds} random moments, nothing before the last checkpoint is lost`, async () => {
    const workspace = await Deno.makeTempDir({ prefix: "textdiffusion-kill-" });
    const disturbed = new Disturbed(workspace, victim);
    try {
      await disturbed.run();
    } finally {
      await disturbed.end();
    }
    await removeFolder(workspace);
  });
}

/** A server, a laboratory beside it, and the run that is being disturbed. */
class Disturbed {
  #server: Deno.ChildProcess | undefined;
  #lab: Lab;
  #id = "";
  /** Runs that a kill interrupted, in this order. */
  readonly #interrupted: string[] = [];

  constructor(readonly workspace: string, readonly victim: Victim) {
    this.#lab = openLab({ workspace, device: "cpu" });
  }

  async run(): Promise<void> {
    const { rounds } = this.victim;
    const moments = uniforms({ seed: SEED, stream: "moments", step: 0 }, rounds);
    const targets = uniforms({ seed: SEED, stream: "targets", step: 0 }, rounds);
    this.#server = await startServer(this.workspace);
    this.#id = await startRun(this.#lab, this.victim);
    for (let round = 0; round < rounds; round++) {
      const target = TARGETS[Math.floor(targets[round]! * TARGETS.length)]!;
      await this.#round(round, Math.round(moments[round]! * LONGEST_WAIT), target);
    }
    await finish(this.#lab, this.#id);
    const hit = this.#interrupted.at(-1);
    assert.ok(hit !== undefined, "no kill hit a run");
    await assertAsUndisturbed(this.workspace, this.#lab, hit, this.victim);
  }

  async #round(round: number, wait: number, target: typeof TARGETS[number]): Promise<void> {
    await setTimeout(wait);
    const before = recordOf(this.workspace, this.#id);
    const worker = livingWorkerPid(this.workspace);
    if (target !== "server" && worker !== null) await kill(worker);
    if (target !== "worker") await this.#killServer();
    this.#lab.close();
    this.#lab = openLab({ workspace: this.workspace, device: "cpu" });
    const found = this.#lab.run(this.#id);
    console.log(
      `round ${String(round + 1).padStart(2)}: ${wait} ms, killed ${target}: ${found.id} is ` +
        `${found.status}, step ${found.step}, checkpoint ${found.checkpointStep}`,
    );
    assertNothingLost(this.workspace, found, before, this.victim);
    const hit = target !== "server" && worker !== null && before.run.status === "running";
    if (hit && found.status !== "finished") assert.equal(found.status, "interrupted");
    if (target !== "worker") this.#server = await startServer(this.workspace);
    if (found.status === "interrupted") {
      this.#interrupted.push(found.id);
      await this.#lab.resume(found.id);
    } else if (found.status === "finished") {
      this.#id = await startRun(this.#lab, this.victim);
    }
  }

  async #killServer(): Promise<void> {
    if (!this.#server) return;
    await kill(this.#server.pid);
    await this.#server.status;
    this.#server = undefined;
  }

  async end(): Promise<void> {
    await this.#killServer();
    const worker = livingWorkerPid(this.workspace);
    if (worker !== null) await kill(worker);
    this.#lab.close();
  }
}

async function startServer(workspace: string): Promise<Deno.ChildProcess> {
  const main = join(import.meta.dirname!, "..", "..", "main.ts");
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", main, "start", "--workspace", workspace, "--port", "0", "--device", "cpu"],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = server.stdout.getReader();
  const { done } = await reader.read();
  assert.ok(!done, "the server ended before it said where it listens");
  await reader.cancel();
  return server;
}

async function startRun(lab: Lab, { preset, overrides }: Victim): Promise<string> {
  const { runs } = await lab.train({ preset, overrides });
  return runs[0]!.id;
}

async function finish(lab: Lab, id: string): Promise<void> {
  const [run] = await lab.watch([id], { timeoutSeconds: 300 });
  assert.equal(run!.status, "finished", run!.error ?? "no error");
  assert.equal(run!.step, run!.steps);
}

/** What the store holds of a run. */
interface RunRecord {
  readonly run: Run;
  readonly curves: Curves;
}

function withStore<T>(workspace: string, look: (store: Store) => T): T {
  const store = openStore(workspace);
  try {
    return look(store);
  } finally {
    store.close();
  }
}

function recordOf(workspace: string, id: string): RunRecord {
  return withStore(workspace, (store) => ({
    run: store.runs.byId(id)!,
    curves: store.metrics.curves(id, METRIC_NAMES),
  }));
}

function livingWorkerPid(workspace: string): number | null {
  return withStore(workspace, (store) => store.workers.open()[0]?.pid ?? null);
}

/** Kills a process and waits until it is gone. */
async function kill(pid: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  try {
    for (;;) {
      process.kill(pid, "SIGKILL");
      await setTimeout(5);
      assert.ok(Date.now() < deadline, `process ${pid} does not end`);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function assertNothingLost(
  workspace: string,
  run: Run,
  before: RunRecord,
  { yardstick }: Victim,
): void {
  assertSound(workspace);
  const checkpoint = run.checkpointStep ?? 0;
  assert.ok(checkpoint >= (before.run.checkpointStep ?? 0), "a checkpoint is gone");
  const { curves } = recordOf(workspace, run.id);
  const { log_every, validate_every } = run.config;
  const due = (every: number) =>
    Array.from({ length: Math.floor(checkpoint / every) }, (_, i) => (i + 1) * every);
  const stepsOf = (name: "loss" | Victim["yardstick"]) =>
    (curves[name] ?? []).map(({ step }) => step).filter((step) => step <= checkpoint);
  assert.deepEqual(stepsOf("loss"), due(log_every));
  assert.deepEqual(stepsOf(yardstick), due(validate_every));
  const kept = (points: Curves["loss"] = []) => points.filter(({ step }) => step <= checkpoint);
  const known = before.curves.loss?.filter(({ step }) => step <= (before.run.checkpointStep ?? 0));
  assert.deepEqual(kept(curves.loss).slice(0, known?.length ?? 0), known ?? []);
  withStore(workspace, (store) => {
    for (const { path, step } of store.checkpoints.list(run.id)) {
      const bytes = readIfThere(path);
      if (bytes === null) {
        // A worker that lives goes on removing old ones, first from the store and then from the disk.
        const listed = store.checkpoints.list(run.id).map((checkpoint) => checkpoint.step);
        assert.ok(!listed.includes(step), `the checkpoint of step ${step} is listed and not there`);
        continue;
      }
      const { metadata } = decodeSafetensors(bytes);
      assert.deepEqual([metadata.run, metadata.step], [run.id, String(step)]);
    }
    for (const { path, step } of store.samples.list(run.id)) {
      assert.ok(Number(decodeSafetensors(Deno.readFileSync(path)).metadata.step) === step);
    }
  });
}

function readIfThere(path: string): Uint8Array | null {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function assertSound(workspace: string): void {
  const db = new DatabaseSync(join(workspace, "lab.sqlite"));
  assert.deepEqual({ ...db.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
  db.close();
}

/** Trains the same configuration once more, undisturbed, and compares everything but the speed. */
async function assertAsUndisturbed(
  workspace: string,
  lab: Lab,
  id: string,
  victim: Victim,
): Promise<void> {
  const twin = await startRun(lab, victim);
  await finish(lab, twin);
  const [a, b] = [id, twin].map((each) =>
    withStore(workspace, (store) => ({
      tensors: decodeSafetensors(Deno.readFileSync(store.checkpoints.list(each)[0]!.path)).tensors,
      curves: store.metrics.curves(
        each,
        METRIC_NAMES.filter((name) => !name.endsWith("_per_second")),
      ),
      samples: store.samples.list(each).map(({ step, path }) => ({
        step,
        images: decodeSafetensors(Deno.readFileSync(path)).tensors.images!.data,
      })),
      texts: (store.texts.list(each) as TextSample[]).map(({ step, texts, frames }) => ({
        step,
        texts,
        frames,
      })),
    }))
  );
  assert.deepEqual(a, b);
  assert.ok(a!.samples.length + a!.texts.length > 0, "nothing was drawn or written on the way");
  for (const folder of a!.texts.length > 0 ? ["checkpoints"] : ["checkpoints", "samples"]) {
    const names = [...Deno.readDirSync(join(workspace, "runs", id, folder))].map(({ name }) =>
      name
    );
    assert.deepEqual(names.filter(isTemporary), [], "temporary files are left");
  }
  console.log(`${id}, which was killed, is bit for bit ${twin}, which was not`);
}
