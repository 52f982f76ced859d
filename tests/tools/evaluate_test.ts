import assert from "node:assert/strict";
import { resolveConfig, runWorker } from "../../experiments/mod.ts";
import { openStore } from "../../experiments/store/mod.ts";
import { type Caller, currentClient, type ProgressNote, textOf } from "./clients.ts";
import { withLaboratory } from "./laboratory.ts";

/** A server over runs of a few steps on the made-up digits, one for each seed. */
function withRuns(
  seeds: readonly number[],
  use: (caller: Caller, url: string) => Promise<void>,
): Promise<void> {
  return withLaboratory(async ({ lab, url }) => {
    const store = openStore(lab.workspace);
    const configs = seeds.map((seed) =>
      resolveConfig("mnist-tiny", { dataset: "made-up-digits", steps: 4, batch_size: 8, seed })
    );
    store.runs.insert({ configs, codeVersion: "test", label: null, sweep: null });
    store.close();
    await runWorker({ workspace: lab.workspace, device: "cpu" });
    const caller = await currentClient("modern", { url: `${url}/mcp` });
    await use(caller, url);
    await caller.close();
  });
}

Deno.test("evaluate answers with numbers beside their floor, which inspect-run and compare-runs show", () =>
  withRuns([0, 1], async (caller, url) => {
    const notes: ProgressNote[] = [];
    const answer = await caller.call(
      "evaluate",
      { run: "image-0001", count: 200, steps: 2 },
      (note) => notes.push(note),
    );
    assert.ok(!answer.isError, textOf(answer));
    const { evaluation, summary, viewer_url } = answer.structuredContent as {
      evaluation: Record<string, number | string>;
      summary: string;
      viewer_url: string;
    };
    assert.equal(evaluation.id, "image-0001-evaluation-001");
    assert.ok(Number(evaluation.frechet_distance) > 10 * Number(evaluation.frechet_floor));
    assert.equal(evaluation.network_evaluations, 2);
    assert.match(summary, /times the floor of .* that real pictures have at this count/);
    assert.equal(viewer_url, `${url}/runs/image-0001`);
    assert.ok(textOf(answer).includes("image-0001-evaluation-001"));
    assert.ok(notes.some(({ message }) => message?.startsWith("Drawing pictures 1 to 200")));

    const inspected = await caller.call("inspect-run", { run: "image-0001" });
    const detail = inspected.structuredContent!.run as { evaluations: typeof evaluation[] };
    assert.deepEqual(detail.evaluations.map(({ id }) => id), [evaluation.id]);
    const compared = await caller.call("compare-runs", { runs: ["image-0001", "image-0002"] });
    const [shown] = compared.structuredContent!.evaluations as typeof evaluation[];
    assert.equal(shown!.frechet_distance, evaluation.frechet_distance);
  }));

Deno.test("evaluate says how many pictures a small data set allows, and takes as many unless told", () =>
  withRuns([0], async (caller) => {
    const answer = await caller.call("evaluate", { run: "image-0001", count: 1000 });
    assert.equal(answer.isError, true);
    assert.match(textOf(answer), /^evaluate: count is 1000, but .* use at most 500$/);
    const most = await caller.call("evaluate", { run: "image-0001", steps: 1 });
    assert.ok(!most.isError, textOf(most));
    assert.match(textOf(most), /^500 pictures from image-0001/m);
  }));
