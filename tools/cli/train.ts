/** Trains a run or a sweep and waits for it; interrupting ends the waiting, not the training. */
import { z } from "zod";
import { hasEnded, type Lab, type Run, TrainOrResume } from "../../experiments/mod.ts";
import { duration } from "../../engine/host/mod.ts";
import { expectedTime } from "../questions.ts";
import { runTable } from "../rows.ts";
import { estimateText, startedRuns } from "../train.ts";
import { commonOptions, defineCommand, labOf } from "./command.ts";
import { withProgressBar } from "./progress_bar.ts";

const { overrides, grid, seeds, ...others } = TrainOrResume.shape;

export const command = defineCommand({
  schema: z.strictObject({
    overrides: overrides.describe("A field that differs from the preset, e.g. steps=500"),
    grid: grid.describe(
      "Makes a sweep: values of a field, e.g. schedule=linear,cosine; every combination is run",
    ),
    seeds: seeds.describe("Runs every combination once for each seed, e.g. 0,1,2 (default 0)"),
    ...others,
    detach: z.boolean().default(false).describe("Does not wait for the end"),
    ...commonOptions,
  }),
  names: { overrides: "set" },
  async run({ workspace, data, device, json, detach, dry_run, ...request }) {
    const lab = labOf({ workspace, data, device });
    if (dry_run) {
      const { summary, body } = estimateText(lab, request);
      const shown = json ? JSON.stringify(lab.estimate(request), null, 2) : "";
      console.log(shown || [summary, ...body].filter((part) => part !== "").join("\n\n"));
      lab.close();
      return 0;
    }
    if (request.resume === undefined) announce(expectedTime(lab.estimate(request)));
    const { runs: started } = await startedRuns(lab, request);
    const ids = started.map((run) => run.id);
    const runs = detach ? started : await watchToTheEnd(lab, ids);
    console.log(json ? JSON.stringify(runs, null, 2) : runTable(runs));
    for (const { id, error } of runs) {
      if (error !== null) console.error(`${id} failed: ${error}`);
    }
    lab.close();
    return runs.some((run) => run.status === "failed") ? 1 : 0;
  },
});

/** Trainings of more seconds are announced with the time they take. */
const LONG = 1800;

function announce({ seconds, by }: ReturnType<typeof expectedTime>): void {
  if (seconds <= LONG) return;
  console.error(
    `About ${
      duration(seconds)
    } of training (by the speed of ${by}); a GPU is faster, where there is one`,
  );
}

/** Shows a bar until all the runs are over. */
export async function watchToTheEnd(lab: Lab, ids: readonly string[]): Promise<readonly Run[]> {
  return await withProgressBar(async (onProgress) => {
    for (;;) {
      const runs = await lab.watch(ids, { timeoutSeconds: 3600, everySeconds: 1, onProgress });
      if (runs.every(hasEnded)) return runs;
    }
  });
}
