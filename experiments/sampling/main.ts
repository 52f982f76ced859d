/** Entry of the sampling process: answers one {@link SamplingJob} with the id of a sample. */
import { openEngine } from "../../engine/mod.ts";
import { imageNetwork } from "../../models/image/mod.ts";
import { imageConfigOf } from "../config.ts";
import { picturesOf, shapeOf } from "../image/pictures.ts";
import { answerJob } from "../jobs/answer.ts";
import { openStore } from "../store/mod.ts";
import { denoiseWith, drawSample, keepSample } from "./draw.ts";
import { levelsFor } from "./levels.ts";
import type { SamplingJob } from "./protocol.ts";
import { compileDenoiser, newestWeights } from "./weights.ts";

await answerJob<SamplingJob>(async ({ workspace, runId, settings, device }, report) => {
  const store = openStore(workspace);
  const run = store.runs.byId(runId)!;
  const config = imageConfigOf(run);
  const pictures = picturesOf(run);
  const network = imageNetwork(config.size, shapeOf(pictures));
  const { step, ema } = newestWeights(store, run, network);
  levelsFor(config, settings);
  const total = settings.steps + 1;
  report(0, total, `Compiling the denoiser of step ${step}`);
  const engine = await openEngine(device === undefined ? {} : { device });
  const { program, plain } = await compileDenoiser(engine, network, run, settings, ema);
  const drawn = await drawSample(
    denoiseWith(program, settings, {}, plain),
    config,
    pictures,
    settings,
    { onStep: (done) => report(done, total, `Step ${done} of ${settings.steps}`) },
  );
  return keepSample(store, run, { ...drawn, settings, step, device: engine.device }).id;
});
