/** Drawing digits by guided DDIM with an untrained network, to be timed. */
import { type Engine, normals } from "../engine/mod.ts";
import { noiseInputs, sampleDiffusion, samplingLevels, schedule } from "../models/diffusion/mod.ts";
import { imageNetwork } from "../models/image/mod.ts";
import { initialParameters } from "../models/layers/mod.ts";
import { compileStep, denoiser } from "../models/steps/mod.ts";

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
  const program = await compileStep(engine, denoiser(network, "v", { guided: true }), {
    batch: count,
    outputs: "concat",
    weights: initialParameters(network.parameters, 0),
  });
  const labels = Int32Array.from({ length: count }, (_, i) => i % 10);
  const draw = () =>
    sampleDiffusion(async (z, gamma) => {
      const { denoised } = await program.run({
        z,
        ...noiseInputs(new Float64Array(count).fill(gamma)),
        labels,
        guidance_scale: Float32Array.of(GUIDANCE),
      });
      return denoised as Float32Array;
    }, {
      sampler: "ddim",
      levels: samplingLevels(schedule("cosine"), steps),
      z: normals({ seed: 0, stream: "start", step: 0 }, count * 784),
      noise: () => {
        throw new Error("DDIM without eta needs no noise");
      },
      clip: [-1, 1],
    });
  return { draw, dispose: () => program.dispose() };
}
