/** The denoiser of a network that is still being trained. */
import type { Engine, Program } from "../../engine/mod.ts";
import { compileStep, denoiser } from "../../models/steps/mod.ts";
import type { ImageNetwork } from "../../models/image/mod.ts";
import type { ImageConfig } from "../config.ts";
import { objectiveFor } from "../objective.ts";

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
