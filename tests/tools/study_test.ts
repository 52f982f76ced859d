/** The report on pretrained models: which settings it takes, and what it says of them. */
import assert from "node:assert/strict";
import { openLab } from "../../experiments/mod.ts";
import { openStore } from "../../experiments/store/store.ts";
import { measuresOf } from "../../tools/cli/study_measures.ts";
import { reportOnModel } from "../../tools/cli/study_report.ts";
import { withWorkspace } from "../experiments/workspace.ts";

type NewEvaluation = Parameters<ReturnType<typeof openStore>["evaluations"]["insert"]>[0];

Deno.test("study:report takes the settings that miss the marks by the least, and says which are met", () =>
  withWorkspace(async (workspace) => {
    const store = openStore(workspace);
    const lab = openLab({ workspace });
    try {
      const run = lab.run("study/digits");
      const { candidates } = measuresOf(run);
      // More of them are recognised by one, nearer to real digits are those of another.
      const numbers = [[0.95, 7], [0.99, 8], [0.986, 7.5], [0.999, 14]] as const;
      for (const [i, [accuracy, distance]] of numbers.entries()) {
        store.evaluations.insert({
          modality: "image",
          runId: run.id,
          step: run.step,
          settings: candidates[i]!.settings,
          classifier: { accuracy: 0.994 },
          results: {
            accuracy,
            frechet: { distance, floor: 6.4 },
            precision: 0.8,
            recall: 0.8,
            real: { precision: 0.9, recall: 0.9 },
          },
        } as unknown as NewEvaluation);
      }
      const { text, best } = await reportOnModel(lab, run.id, { measure: false });
      assert.deepEqual(best.unguided?.settings, candidates[2]!.settings);
      assert.match(text, /\| ddim, eta 0\.5 \* \| 98\.6 % \| 7\.50 \| 1\.17 \|/);
      assert.match(text, /\| real digits \(the floor\) \| 99\.4 % \| 6\.40 \| 1\.00 \|/);
      assert.match(text, /recognised as asked for: 98\.6 %, the mark is ≥ 98\.5 %: met/);
      assert.match(text, /Fréchet distance, of the floor: 1\.17, the mark is ≤ 1\.20: met/);
    } finally {
      lab.close();
      store.close();
    }
  }));
