/** A training step of ours, to be timed. */
import { adamWStep, createAdamW } from "../engine/mod.ts";
import type { Engine } from "../engine/mod.ts";
import { initialParameters } from "../models/layers/mod.ts";
import { compileStep, inputArrays } from "../models/steps/mod.ts";
import type { Workload } from "./workload.ts";

const OPTIMIZER = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  gradientClip: 1,
};

/** Compiles a workload and returns a function that takes one step (forward, backward, clipping,
 * AdamW) and gives its milliseconds. */
export async function ourStep(engine: Engine, workload: Workload): Promise<() => Promise<number>> {
  const { specs, step, batch, data } = workload;
  const parameters = initialParameters(specs, 0);
  const state = createAdamW(parameters);
  const program = await compileStep(engine, step, { batch, outputs: "mean" });
  const values = inputArrays(parameters);
  return async () => {
    const start = performance.now();
    const outputs = await program.run({ ...data, ...values });
    const gradients = Object.fromEntries(
      specs.map(({ name }) => [name, outputs[`grad/${name}`] as Float32Array]),
    );
    adamWStep(parameters, gradients, state, OPTIMIZER);
    return performance.now() - start;
  };
}
