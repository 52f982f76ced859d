/** Entry of the writing process: answers one {@link WritingJob} with the id of a text sample. */
import { loadTextDataset, type TextDataset } from "../../data/mod.ts";
import { openEngine, UserError } from "../../engine/mod.ts";
import { textReference } from "../../models/text/mod.ts";
import { textConfigOf } from "../config.ts";
import { answerJob } from "../jobs/answer.ts";
import { newestWeights } from "../sampling/weights.ts";
import { openStore } from "../store/mod.ts";
import type { Run } from "../types.ts";
import { textModel } from "./model.ts";
import { networkOf } from "./network.ts";
import type { WritingJob } from "./protocol.ts";
import { writeWith } from "./writing.ts";

await answerJob<WritingJob>(async ({ workspace, runId, settings, ...options }, report) => {
  const store = openStore(workspace);
  const run = store.runs.byId(runId)!;
  const config = textConfigOf(run);
  const { dataDirectory: directory, device } = options;
  const dataset = await loadTextDataset(config.dataset, {
    context: config.context,
    ...(directory === undefined ? {} : { directory }),
  });
  requireSameText(run, dataset);
  const network = networkOf(config, dataset.vocabulary.size);
  const { step, ema } = newestWeights(store, run, network);
  report(0, 2, `Compiling the network of step ${step}`);
  const engine = await openEngine(device === undefined ? {} : { device });
  const model = await textModel(engine, network, config, ema, settings.count);
  report(1, 2, `Writing by ${settings.mode}`);
  const written = await writeWith(model, settings, dataset, textReference(dataset));
  return store.texts.insert({ ...written, runId, step, device: engine.device });
});

function requireSameText(run: Run, dataset: TextDataset): void {
  if (run.datasetHash === null || run.datasetHash === dataset.hash) return;
  throw new UserError(
    `${run.id} learnt from another text than ${dataset.name} is now, and would spell with other ` +
      "characters: put the old file back",
  );
}
