/** A training step of ours, to be timed. */
import { adamWStep, createAdamW } from "../engine/mod.ts";
import type { Engine } from "../engine/mod.ts";
import { initialParameters } from "../models/layers/mod.ts";
import type { Workload } from "./workload.ts";

const OPTIMIZER = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  gradientClip: 1,
};

const float32 = (shape: readonly number[]) => ({ shape, dtype: "float32" }) as const;

/** Compiles a workload and returns a function that takes one step (forward, backward, clipping,
 * AdamW) and gives its milliseconds. */
export async function ourStep(engine: Engine, workload: Workload): Promise<() => Promise<number>> {
  const { specs, step, inputs, data } = workload;
  const parameters = initialParameters(specs, 0);
  const state = createAdamW(parameters);
  const batch = Object.values(inputs)[0]!.shape[0]!;
  const program = await engine.compile(step, {
    ...inputs,
    ...Object.fromEntries(specs.map(({ name, shape }) => [name, float32(shape)])),
  }, {
    replicas: {
      count: engine.replicasFor(batch),
      split: Object.keys(inputs),
      outputs: "mean",
    },
  });
  const values = Object.fromEntries(specs.map(({ name }) => [name, parameters[name]!.data]));
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
