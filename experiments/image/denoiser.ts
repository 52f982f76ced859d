/** The denoiser of a network that is still being trained. */
import type { Engine, Program } from "../../engine/mod.ts";
import { denoiser } from "../../models/diffusion/mod.ts";
import type { ImageNetwork } from "../../models/image/mod.ts";
import type { ImageConfig } from "../config.ts";
import { objectiveFor } from "../objective.ts";
import { parameterSignature } from "../training/arrays.ts";
import type { PictureFacts } from "../types.ts";
import { denoiserSignature, replicasOf } from "./signature.ts";

/** Unguided, for `count` pictures at once, with the weights as inputs: they change. */
export async function compileChangingDenoiser(
  engine: Engine,
  network: ImageNetwork,
  config: ImageConfig,
  pictures: PictureFacts,
  count: number,
): Promise<Program> {
  const images = denoiserSignature(count, pictures, { selfConditioned: network.selfConditioned });
  return await engine.compile(
    denoiser(network, objectiveFor(config), { guided: false }),
    { ...parameterSignature(network.parameters), ...images },
    { replicas: replicasOf(images, engine.replicasFor(count), "concat") },
  );
}
