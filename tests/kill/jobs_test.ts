/**
 * Kills the process that does jobs, the server that waits for it, or both, at random moments of one
 * evaluation after another, and looks each time at what is left. In the end the evaluation must have
 * found what an undisturbed one finds. KILL_SEED sets other moments.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { uniforms } from "../../engine/mod.ts";
import { type Evaluation, type Lab, openLab } from "../../experiments/mod.ts";
import { livingWorker } from "../../experiments/run/processes.ts";
import { openStore } from "../../experiments/store/store.ts";
import { shortConfig, withTrainedWorkspace } from "../experiments/workspace.ts";

const ROUNDS = 12;
const LONGEST_WAIT = 5000;
const SEED = Number(Deno.env.get("KILL_SEED") ?? 1);
const TARGETS = ["worker", "server", "both"] as const;
const REQUEST = { run: "image-0001", count: 500, steps: 20 } as const;

/** A process that requests the evaluation and waits for it. */
function startServer(workspace: string): Deno.ChildProcess {
  const program = `
    const { openLab } = await import(${
    JSON.stringify(import.meta.resolve("../../experiments/mod.ts"))
  });
    const lab = openLab({ workspace: ${JSON.stringify(workspace)}, device: "cpu" });
    await lab.evaluate(${JSON.stringify(REQUEST)});`;
  const path = Deno.makeTempFileSync({ suffix: ".ts" });
  Deno.writeTextFileSync(path, program);
  const config = new URL("../../deno.json", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", `--config=${config}`, path],
    stderr: "null",
  }).spawn();
}

async function kill(pid: number | null | undefined): Promise<void> {
  if (pid == null) return;
  try {
    for (;;) {
      process.kill(pid, "SIGKILL");
      await setTimeout(5);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Every job is where its status says, and its result is there if and only if it has finished. */
function assertClear(lab: Lab, hit: boolean): void {
  const { jobs } = lab.jobs();
  const evaluations = lab.evaluations(REQUEST.run).map(({ id }) => id);
  const finished = jobs.flatMap(({ resultId }) => resultId ?? []);
  assert.deepEqual(new Set(evaluations), new Set(finished));
  assert.equal(evaluations.length, finished.length);
  for (const { status, resultId } of jobs) {
    assert.equal(status === "finished", resultId !== null);
    if (hit) assert.notEqual(status, "running", "it is not noticed that its process is gone");
  }
}

const numbersOf = (
  { id: _, createdAt: __, samplingSeconds: ___, measuringSeconds: ____, ...rest }: Evaluation,
) => rest;

Deno.test(`an evaluation killed at ${ROUNDS} random moments finds the same in the end`, () =>
  withTrainedWorkspace([shortConfig({ steps: 6 })], async (workspace) => {
    const moments = uniforms({ seed: SEED, stream: "moments", step: 0 }, ROUNDS);
    const targets = uniforms({ seed: SEED, stream: "targets", step: 0 }, ROUNDS);
    const store = openStore(workspace);
    const lab = openLab({ workspace, device: "cpu" });
    for (let round = 0; round < ROUNDS; round++) {
      const target = TARGETS[Math.floor(targets[round]! * TARGETS.length)]!;
      const server = startServer(workspace);
      await setTimeout(moments[round]! * LONGEST_WAIT);
      const pid = livingWorker(store, "jobs")?.pid;
      if (target !== "worker") await kill(server.pid);
      if (target !== "server") await kill(pid);
      assertClear(lab, target !== "server" && pid != null);
      const [job] = lab.jobs().jobs;
      console.log(
        `round ${round + 1}: killed ${target}: ${job?.id} is ${job?.status}, ${
          job?.progress?.done ?? 0
        } of ${job?.progress?.total ?? 0}`,
      );
      await kill(server.pid);
      await server.status;
    }
    const disturbed = await lab.evaluate(REQUEST);
    const undisturbed = await lab.evaluate({ ...REQUEST });
    assert.deepEqual(numbersOf(disturbed), numbersOf(undisturbed));
    assertClear(lab, false);
    store.close();
    lab.close();
  }));
