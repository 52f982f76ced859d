/** Each defect of a text model that never learnt language is named by the diagnosis. */
import assert from "node:assert/strict";
import { openLab, resolveConfig } from "../../experiments/mod.ts";
import { openStore } from "../../experiments/store/store.ts";
import { withWorkspace } from "../experiments/workspace.ts";
import { runWorker } from "../../experiments/run_worker.ts";

const DEFECTS: readonly [overrides: object, code: string][] = [
  [{ positions: "none" }, "no-order"],
  [{ rounding: "clean" }, "rounding-on-clean"],
  [{ embedding_norm: "free" }, "embedding-scale"],
  [{ schedule: "linear" }, "schedule-mismatch"],
  [{ method: "masked", positions: "none" }, "no-order"],
];
const CODES = [...new Set(DEFECTS.map(([, code]) => code))];

Deno.test("within 200 steps each defect is named, alone, and a sound run is not accused", () =>
  withWorkspace(async (workspace) => {
    const store = openStore(workspace);
    const configs = [...DEFECTS.map(([overrides]) => overrides), {}, { method: "masked" }].map((
      overrides,
    ) =>
      resolveConfig("shakespeare-tiny", {
        dataset: "made-up-verse",
        steps: 200,
        batch_size: 16,
        learning_rate: 5e-3,
        ema_decay: 0.98,
        validate_every: 200,
        checkpoint_every: 200,
        log_every: 50,
        ...overrides,
      })
    );
    const { ids } = store.runs.insert({ configs, codeVersion: "test", label: null, sweep: null });
    await runWorker({ workspace, device: "cpu" });
    store.close();
    const lab = openLab({ workspace, device: "cpu" });
    const found = ids.map((id) =>
      lab.inspect(id).alerts.map(({ code }) => code).filter((code) => CODES.includes(code))
    );
    lab.close();
    assert.deepEqual(found, [...DEFECTS.map(([, code]) => [code]), [], []]);
  }));
