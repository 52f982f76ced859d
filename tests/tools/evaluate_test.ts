import assert from "node:assert/strict";
import { resolveConfig } from "../../experiments/mod.ts";
import { openStore } from "../../experiments/store/store.ts";
import { type Caller, currentClient, type ProgressNote, textOf } from "./clients.ts";
import { withLaboratory } from "./laboratory.ts";
import { tableWith } from "./markdown.ts";
import { runWorker } from "../../experiments/run_worker.ts";

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
      { run: "image-0001", count: 200, steps: 2, eta: 0.5, seed: 3 },
      (note) => notes.push(note),
    );
    assert.ok(!answer.isError, textOf(answer));
    const text = textOf(answer);
    assert.match(text, /times the floor of .* that real pictures have at this count/);
    const [kept] = tableWith(text, "evaluation", "NFE", "frechet", "floor").rows;
    assert.equal(kept!.evaluation, "image-0001-evaluation-001");
    assert.equal(kept!.NFE, "2");
    assert.equal(kept!.sampling, "ddim 2, guidance 1, eta 0.5, seed 3", "all that may differ");
    const measures = new Map(
      tableWith(text, "measure", "these pictures", "held-out pictures").rows
        .map((row) => [row.measure!, row]),
    );
    const frechet = measures.get("Fréchet distance")!;
    assert.ok(Number(frechet["these pictures"]) > 10 * Number(frechet["held-out pictures"]));
    for (const name of ["class entropy", "precision", "recall", "copies"]) {
      assert.ok(Number.isFinite(Number(measures.get(name)?.["these pictures"])), name);
    }
    assert.ok(text.includes(`Show the person: ${url}/runs/image-0001`));
    assert.ok(notes.some(({ message }) => message?.includes("(evaluate image-0001)")));

    const inspected = await caller.call("inspect-run", { run: "image-0001" });
    assert.deepEqual(tableWith(textOf(inspected), "evaluation").rows, [kept]);
    const compared = await caller.call("compare-runs", { runs: ["image-0001", "image-0002"] });
    assert.deepEqual(tableWith(textOf(compared), "evaluation").rows, [kept]);
    const record = JSON.parse((await caller.read("textdiffusion://runs/image-0001")).text!) as {
      evaluations: { id: string; results: { frechet: { distance: number } } }[];
    };
    const { distance } = record.evaluations[0]!.results.frechet;
    assert.equal(Number(distance.toPrecision(5)), Number(frechet["these pictures"]));
  }));

Deno.test("evaluate says how many pictures a small data set allows, and takes as many unless told", () =>
  withRuns([0], async (caller) => {
    const answer = await caller.call("evaluate", { run: "image-0001", count: 1000 });
    assert.equal(answer.isError, true);
    assert.match(textOf(answer), /^evaluate: count is 1000, but .* use 200 to 500$/);
    const most = await caller.call("evaluate", { run: "image-0001", steps: 1 });
    assert.ok(!most.isError, textOf(most));
    assert.match(textOf(most), /^500 pictures from image-0001/m);
  }));
