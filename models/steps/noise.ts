/** Unit normal noise that a step draws where it runs, instead of being given it. */
import { randomNormal } from "../../engine/mod.ts";
import { input, sharedInput, type Step } from "./step.ts";

/** An input of a step that is unit normal noise, and the key that its numbers are drawn by. */
export interface NoiseInput {
  /** Name of the input, which has a leading batch axis. */
  readonly name: string;
  readonly seed: number;
  readonly stream: string;
}

/** The input in its place: the number of the training step, the last part of the noise's key. */
export const NOISE_STEP = "noise_step";

/**
 * Returns the step with its noise drawn by the same generator as on the host: `normals` with the key
 * (seed, stream, {@link NOISE_STEP}). The generator's bits are the host's everywhere; the logarithm and
 * the cosine by which they become normal numbers are the device's, in float32.
 *
 * @param batch Number of examples in a batch.
 */
export function withDrawnNoise(step: Step, noise: NoiseInput, batch: number): Step {
  const { name, seed, stream } = noise;
  const { [name]: drawn, ...inputs } = step.inputs;
  if (!drawn) throw new Error(`Internal: the step has no input ${name}`);
  return {
    parameters: step.parameters,
    inputs: { ...inputs, [NOISE_STEP]: sharedInput([], "int32") },
    apply(given) {
      const key = { seed, stream, step: input(given, NOISE_STEP) };
      return step.apply({ ...given, [name]: randomNormal(key, [batch, ...drawn.shape]) });
    },
  };
}
