/** A training step of every kind of network, small, on data that needs no network. */
import type { Arrays, Signature, TensorFunction } from "../../engine/mod.ts";
import type { RunConfig } from "../../experiments/mod.ts";
import { presets } from "../../experiments/config/presets.ts";
import { openSubject } from "../../experiments/registry/modalities.ts";
import { initialParameters } from "../../models/layers/mod.ts";
import { batchSignature, inputArrays, parameterSignature } from "../../models/steps/mod.ts";
import { perturbed } from "../engine/parity/agreement.ts";

const IMAGE = {
  ...presets["mnist-tiny"].config,
  dataset: "made-up-digits",
  batch_size: 3,
} as const;
const TEXT = { ...presets["shakespeare-tiny"].config, dataset: "made-up-verse", batch_size: 2 };

/** Configurations by name. */
export const networks: Readonly<Record<string, RunConfig>> = {
  "UNet": IMAGE,
  "self-conditioned UNet by rectified flow": {
    ...IMAGE,
    schedule: "flow",
    target: "flow",
    self_condition: 0.5,
  },
  "DiT": { ...IMAGE, network: "dit-4" },
  "text, autoregressive": { ...TEXT, method: "autoregressive" },
  "text by diffusion": { ...TEXT, method: "diffusion" },
  "text, masked": { ...TEXT, method: "masked" },
  "text by blocks": { ...TEXT, method: "blocks" },
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
