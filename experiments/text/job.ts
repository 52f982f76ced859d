/** What the writing process does: from a {@link WritingJob} to the id of a text sample. */
import { textReference } from "../../models/text/mod.ts";
import { engineFor } from "../device.ts";
import type { Work } from "../jobs/answer.ts";
import { textModel } from "./model.ts";
import { openTextRun } from "./open_run.ts";
import type { WritingJob } from "./protocol.ts";
import { writingWorkload } from "./workload.ts";
import { writeWith } from "./writing.ts";

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
