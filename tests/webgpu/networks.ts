/** A training step of every kind of network, small, on data that needs no network. */
import type { Arrays, Signature, TensorFunction } from "../../engine/mod.ts";
import { resolveConfig, type RunConfig } from "../../experiments/mod.ts";
import { openSubject } from "../../experiments/registry/modalities.ts";
import { initialParameters } from "../../models/layers/mod.ts";
import { batchSignature, inputArrays, parameterSignature } from "../../models/steps/mod.ts";
import { perturbed } from "../engine/parity/agreement.ts";

const image = (overrides: object = {}) =>
  resolveConfig("mnist-tiny", { dataset: "made-up-digits", batch_size: 3, ...overrides });
const text = (overrides: object = {}) =>
  resolveConfig("shakespeare-tiny", { dataset: "made-up-verse", batch_size: 2, ...overrides });

/** Configurations by name. */
export const networks: Readonly<Record<string, RunConfig>> = {
  "UNet": image(),
  "self-conditioned UNet by rectified flow": image({
    schedule: "flow",
    target: "flow",
    self_condition: 0.5,
  }),
  "DiT": image({ network: "dit-4" }),
  "text, autoregressive": text({ method: "autoregressive" }),
  "text by diffusion": text({ method: "diffusion" }),
  "text, masked": text({ method: "masked" }),
  "text by blocks": text({ method: "blocks" }),
};

export interface NetworkStep {
  readonly fn: TensorFunction;
  readonly signature: Signature;
  readonly arrays: Arrays;
}

/** The step that the trainer compiles for a configuration, with a batch of its data. */
export async function networkStep(config: RunConfig): Promise<NetworkStep> {
  const subject = await openSubject(config, {});
  const parameters = perturbed(initialParameters(subject.parameters, 1)).arrays;
  const values = Object.fromEntries(
    subject.parameters.map(({ name, shape }) => [name, {
      shape,
      data: parameters[name] as Float32Array,
    }]),
  );
  return {
    fn: subject.step.apply,
    signature: {
      ...parameterSignature(subject.step.parameters),
      ...batchSignature(subject.step, config.batch_size),
    },
    arrays: { ...inputArrays(values), ...subject.batch(0, values) },
  };
}
