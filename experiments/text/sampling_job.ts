import type { DeviceName } from "../../engine/mod.ts";
import { textReference } from "../../models/text/mod.ts";
import { engineFor } from "../common/device.ts";
import type { Work } from "../run/job_process.ts";
import { openTextRun, textModel, writingWorkload } from "./generation.ts";
import { writeWith } from "./writing.ts";
import type { WriteSettings } from "../requests/text.ts";

/** What the writing process is asked for. */
export interface WritingJob {
  readonly workspace: string;
  readonly runId: string;
  readonly settings: WriteSettings;
  readonly dataDirectory?: string | undefined;
  readonly device?: DeviceName | undefined;
}

export const run: Work<WritingJob> = async ({ settings, device, ...job }, report) => {
  const { store, run, config, dataset, network, step, ema } = await openTextRun(job);
  report(0, 2, `Compiling the network of step ${step}`);
  const { count } = settings;
  const workload = writingWorkload(network, ema, settings, { count, batches: 1 });
  const { engine } = await engineFor(device, workload);
  const model = await textModel(engine, network, config, ema, count);
  report(1, 2, `Writing by ${settings.mode}`);
  const written = await writeWith(model, settings, dataset, textReference(dataset));
  return store.texts.insert({ ...written, runId: run.id, step, device: engine.device });
};
