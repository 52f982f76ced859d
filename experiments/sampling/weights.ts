/** A run's denoiser, ready to sample from. */
import { type Engine, type Parameters, type Program, UserError } from "../../engine/mod.ts";
import { denoiser } from "../../models/diffusion/mod.ts";
import type { ImageNetwork } from "../../models/image/mod.ts";
import { imageConfigOf } from "../config.ts";
import { objectiveFor } from "../objective.ts";
import { picturesOf } from "../image/pictures.ts";
import type { Store } from "../store/mod.ts";
import { newestState } from "../training/checkpoints.ts";
import { denoiserSignature, replicasOf } from "../image/signature.ts";
import type { Run, SampleSettings } from "../types.ts";
import { isGuided } from "./options.ts";

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
    const { selfConditioned } = network;
    const signature = denoiserSignature(count, picturesOf(run), {
      selfConditioned,
      guided,
      rescaled,
    });
    return await engine.compile(
      denoiser(network, objectiveFor(imageConfigOf(run)), { guided, rescaled }),
      signature,
      {
        constants: ema,
        replicas: replicasOf(signature, engine.replicasFor(count), "concat"),
      },
    );
  }
}
