/** Drawing digits by guided DDIM with an untrained network, to be timed. */
import { type Engine, normals } from "../engine/mod.ts";
import { samplingLevels, samplingPlan, schedule } from "../models/diffusion/mod.ts";
import { imageNetwork } from "../models/image/mod.ts";
import { initialParameters } from "../models/layers/mod.ts";
import { compileSampling, denoiser, needsOf, runSampling } from "../models/steps/mod.ts";

const GUIDANCE = 2;

export interface DigitsSampler {
  /** Draws the digits once. */
  draw(): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/**
 * Compiles the guided denoiser of the small UNet for `count` digits, which are drawn in `steps` steps
 * of one doubled batch each.
 */
export async function digitsSampler(
  engine: Engine,
  count: number,
  steps: number,
): Promise<DigitsSampler> {
  const network = await imageNetwork("small");
  const levels = samplingLevels(schedule("cosine"), steps);
  const plan = samplingPlan({ sampler: "ddim", levels });
  const program = await compileSampling(engine, denoiser(network, "v", { guided: true }), {
    batch: count,
    needs: needsOf(plan),
    clip: [-1, 1],
    weights: initialParameters(network.parameters, 0),
  });
  const labels = Int32Array.from({ length: count }, (_, i) => i % 10);
  const draw = async () => {
    const { points } = await runSampling(program, {
      plan,
      start: normals({ seed: 0, stream: "start", step: 0 }, count * 784),
      constantInputs: { labels, guidance_scale: Float32Array.of(GUIDANCE) },
      noise: { seed: 0, stream: "noise" },
    });
    return points;
  };
  return { draw, dispose: () => program.dispose() };
}
