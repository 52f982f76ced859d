/** What a configuration means in the terms of models/diffusion. */
import { isGuided } from "../../models/diffusion/mod.ts";
import { type ImageConfig, imageConfigOf } from "../config/mod.ts";
import { type ImageNetwork, imageNetwork, type ImageShape } from "../../models/image/mod.ts";
import { type Engine, type Parameters, type Program, UserError } from "../../engine/mod.ts";
import { compileStep, denoiser } from "../../models/steps/mod.ts";
import type { Store } from "../store/store.ts";
import { newestState } from "../run/checkpoints.ts";
import type { Run } from "../store/run.ts";
import type { SampleSettings } from "../requests/image.ts";
import { objectiveFor } from "./objective.ts";

/** Without values; for pictures of this shape. */
export async function networkOf(
  { size, network, self_condition }: ImageConfig,
  shape: ImageShape,
): Promise<ImageNetwork> {
  return await imageNetwork(size, shape, { kind: network, selfConditioned: self_condition > 0 });
}

/** Unguided, for `count` pictures at once, with the weights as inputs: they change. */
export async function compileChangingDenoiser(
  engine: Engine,
  network: ImageNetwork,
  config: ImageConfig,
  count: number,
): Promise<Program> {
  const step = denoiser(network, objectiveFor(config), { guided: false });
  return await compileStep(engine, step, { batch: count, outputs: "concat" });
}

/** The EMA weights of the newest checkpoint that is intact. */
export function newestWeights(
  store: Store,
  run: Run,
  network: { readonly parameters: ImageNetwork["parameters"] },
): { step: number; ema: Parameters } {
  const newest = newestState(store, run, network.parameters);
  if (newest) return newest.state;
  throw new UserError(
    `${run.id} has no checkpoint to sample from yet: the first is due at step ${
      Math.min(run.config.checkpoint_every, run.steps)
    }, it is ${run.status} at step ${run.step}`,
  );
}

/** The denoiser, and the one without guidance where guidance is for an interval only. */
export interface Denoisers {
  readonly program: Program;
  readonly plain?: Program;
}

/** With the weights baked in, which lets ONNX Runtime prepare them for its kernels. */
export async function compileDenoiser(
  engine: Engine,
  network: ImageNetwork,
  run: Run,
  settings: SampleSettings,
  ema: Parameters,
): Promise<Denoisers> {
  const { count, guidance_scale, guidance_interval, guidance_rescale } = settings;
  const guided = isGuided(guidance_scale);
  const rescaled = guided && !!guidance_rescale;
  const program = await compile(guided, rescaled);
  if (!guided || !guidance_interval) return { program };
  return { program, plain: await compile(false, false) };

  async function compile(guided: boolean, rescaled: boolean): Promise<Program> {
    const objective = objectiveFor(imageConfigOf(run));
    return await compileStep(engine, denoiser(network, objective, { guided, rescaled }), {
      batch: count,
      outputs: "concat",
      weights: ema,
    });
  }
}
