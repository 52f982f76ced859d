/**
 * What the process that evaluates runs on text does: from a {@link TextEvaluationJob} to an
 * evaluation's id.
 */
import { codeVersion } from "../../code_version.ts";
import { engineFor } from "../../device.ts";
import type { Work } from "../../jobs/answer.ts";
import { baselinesFor } from "../baselines.ts";
import { openTextRun } from "../open_run.ts";
import { boundsOf, measureBounds } from "./bounds.ts";
import type { TextEvaluationJob } from "./protocol.ts";
import { writingWorkload } from "../workload.ts";
import { batchesOf, expectedEvaluations, measureWriting } from "./written.ts";

export const run: Work<TextEvaluationJob> = async ({ settings, device, ...job }, report) => {
  const opened = await openTextRun(job);
  const { store, run, config, dataset, step } = opened;
  const { writing, draws } = settings;
  const asked = expectedEvaluations(writing);
  const bounds = boundsOf(config, settings);
  const total = asked + bounds.length * draws + 1;
  report(0, total, `Compiling the network of step ${step}`);
  const { engine } = await engineFor(
    device,
    writingWorkload(opened.network, opened.ema, writing, batchesOf(writing)),
  );
  let done = 0;
  // First, because it is what may be refused.
  const { results: texts, networkEvaluations, seconds } = await measureWriting(
    engine,
    opened,
    writing,
    () => report(Math.min(asked, ++done), total, `Writing ${writing.count} texts`),
  );
  const began = performance.now();
  done = asked;
  report(done, total, "Measuring the likelihood of held-out text");
  const measured = await measureBounds(
    engine,
    opened,
    settings,
    ({ blockSize, steps }) =>
      report(
        done += draws,
        total,
        `Measured blocks of ${blockSize}${steps === null ? "" : ` in ${steps} steps`}`,
      ),
  );
  report(done, total, "Fitting n-gram models");
  const baselines = baselinesFor(job.workspace, dataset);
  return store.evaluations.insert({
    modality: "text",
    runId: run.id,
    step,
    settings,
    results: { bounds: measured, baselines, texts },
    networkEvaluations,
    samplingSeconds: seconds,
    measuringSeconds: (performance.now() - began) / 1000,
    datasetHash: dataset.hash,
    configHash: run.configHash,
    codeVersion: codeVersion(),
    device: engine.device,
  });
};
