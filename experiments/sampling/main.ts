/** Entry of the sampling process: one {@link SamplingJob} on standard input, messages on standard
 * output. */
import { text } from "node:stream/consumers";
import process from "node:process";
import { objectiveFor } from "../objective.ts";
import { openEngine, type Parameters, UserError } from "../../engine/mod.ts";
import type { Engine, Program } from "../../engine/mod.ts";
import { denoiser } from "../../models/diffusion/mod.ts";
import { type ImageNetwork, imageNetwork } from "../../models/image/mod.ts";
import { openStore, type Store } from "../store/mod.ts";
import { newestState } from "../training/checkpoints.ts";
import { denoiserSignature, splitInputs } from "../training/signature.ts";
import type { Run, Sample, SampleSettings } from "../types.ts";
import { denoiseWith, drawSample, keepSample } from "./draw.ts";
import type { SamplingJob, SamplingMessage } from "./protocol.ts";

async function draw(job: SamplingJob): Promise<Sample> {
  const { settings } = job;
  const store = openStore(job.workspace);
  const run = store.runs.byId(job.runId)!;
  const network = imageNetwork(run.config.size);
  const { step, ema } = newestWeights(store, run, network);
  const total = settings.steps + 1;
  say({ type: "progress", done: 0, total, message: `Compiling the denoiser of step ${step}` });
  const engine = await openEngine(job.device === undefined ? {} : { device: job.device });
  const program = await compileDenoiser(engine, network, run, settings, ema);
  const { pixels, seconds } = await drawSample(
    denoiseWith(program, settings),
    run.config,
    settings,
    {
      onStep: (done) =>
        say({ type: "progress", done, total, message: `Step ${done} of ${settings.steps}` }),
    },
  );
  return keepSample(store, run, { pixels, settings, step, seconds, device: engine.device });
}

/** The EMA weights of the newest checkpoint; a training worker may delete it while it is read. */
function newestWeights(
  store: Store,
  run: Run,
  network: ImageNetwork,
): { step: number; ema: Parameters } {
  for (let attempt = 1;; attempt++) {
    try {
      const newest = newestState(store, run, network.parameters);
      if (newest) return newest.state;
    } catch (error) {
      if (attempt === 3) throw error;
      continue;
    }
    throw new UserError(
      `${run.id} has no checkpoint to sample from yet: the first is due at step ${
        Math.min(run.config.checkpoint_every, run.steps)
      }, it is ${run.status} at step ${run.step}`,
    );
  }
}

/** With the weights baked in, which lets ONNX Runtime prepare them for its kernels. */
async function compileDenoiser(
  engine: Engine,
  network: ImageNetwork,
  run: Run,
  settings: SampleSettings,
  ema: Parameters,
): Promise<Program> {
  const { count, guidance_scale } = settings;
  const guided = guidance_scale !== 0 && guidance_scale !== 1;
  const signature = denoiserSignature(count, { height: 28, width: 28, channels: 1 }, guided);
  const replicas = engine.replicasFor(count);
  return await engine.compile(denoiser(network, objectiveFor(run.config), { guided }), signature, {
    constants: ema,
    ...(replicas > 1
      ? { replicas: { count: replicas, split: splitInputs(signature), outputs: "concat" } }
      : {}),
  });
}

function say(message: SamplingMessage): void {
  console.log(JSON.stringify(message));
}

try {
  const sample = await draw(JSON.parse(await text(process.stdin)) as SamplingJob);
  say({ type: "result", sampleId: sample.id });
} catch (error) {
  if (!(error instanceof UserError)) console.error(error);
  say({
    type: "error",
    mendable: error instanceof UserError,
    message: error instanceof Error ? error.message : String(error),
  });
}
process.exit(0);
