/** A training step of every kind of network, small, on data that needs no network. */
import assert from "node:assert/strict";
import {
  type Arrays,
  compileMuon,
  type Engine,
  type Signature,
  type TensorFunction,
} from "../../engine/mod.ts";
import { resolveConfig, type RunConfig } from "../../experiments/mod.ts";
import { openSubject } from "../../experiments/registry/modalities.ts";
import { initialState, type TrainingState } from "../../experiments/run/state.ts";
import { hostStepper, residentStepper } from "../../experiments/run/stepper.ts";
import { initialParameters } from "../../models/layers/mod.ts";
import {
  batchSignature,
  compileStep,
  inputArrays,
  parameterSignature,
} from "../../models/steps/mod.ts";
import { copyOf, distance, norm, perturbed } from "../engine/parity/agreement.ts";

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

async function outputsOn(engine: Engine, { fn, signature, arrays }: NetworkStep): Promise<Arrays> {
  const program = await engine.compile(fn, signature);
  const outputs = copyOf(await program.run(arrays));
  await program.dispose();
  return outputs;
}

/**
 * Asserts that loss and gradients of a training step agree on two engines.
 *
 * @param tolerance Of the distance between two gradients, as a fraction of the second one's norm.
 */
export async function assertSameStep(
  engine: Engine,
  right: Engine,
  config: RunConfig,
  tolerance = 1e-4,
): Promise<void> {
  const step = await networkStep(config);
  const expected = await outputsOn(right, step);
  const actual = await outputsOn(engine, step);
  assert.deepEqual(Object.keys(actual), Object.keys(expected));
  const sizes = Object.values(expected).map(norm).sort((x, y) => x - y);
  const typical = sizes[sizes.length >> 1]!;
  for (const [output, values] of Object.entries(expected)) {
    // What a softmax ignores has a gradient of rounding alone: there are no digits to agree on.
    if (norm(values) < 1e-5 * typical) {
      assert.ok(norm(actual[output]!) < tolerance / 10 * typical, `${output} should vanish`);
      continue;
    }
    const off = distance(actual[output]!, values);
    assert.ok(off <= tolerance, `${output} is off by ${off} of its norm`);
  }
}

/** The state of a training after two steps, and whether it was kept on the device. */
export async function updatedState(
  engine: Engine,
  config: RunConfig,
): Promise<{ readonly state: TrainingState; readonly resident: boolean }> {
  const { batch_size: batch, learning_rate, muon_learning_rate } = config;
  const subject = await openSubject(config, {});
  const state = initialState(subject.parameters, 1);
  const moved = perturbed(state.parameters).arrays;
  for (const name of Object.keys(moved)) {
    state.parameters[name]!.data.set(moved[name]!);
    state.ema[name]!.data.set(moved[name]!);
  }
  const optimizer = {
    ...subject.adam,
    weightDecay: config.weight_decay,
    gradientClip: config.gradient_clip,
    treatments: subject.treatments,
  };
  const hidden = muon_learning_rate > 0
    ? subject.parameters.filter(({ hidden }) => hidden).map(({ name }) => name)
    : [];
  const resident = await residentStepper(
    engine,
    subject,
    state,
    { ...optimizer, muon: hidden },
    batch,
  );
  const stepper = resident ?? hostStepper(
    state,
    await compileStep(engine, subject.step, { batch, outputs: "mean", replicas: 1 }),
    optimizer,
    hidden.length > 0 ? await compileMuon(engine, state.parameters, hidden) : null,
  );
  for (let step = 0; step < 2; step++) {
    const inputs = subject.batch(step, state.parameters, { withoutNoise: stepper.drawsNoise });
    await stepper.step(inputs, {
      learningRate: learning_rate,
      muonLearningRate: muon_learning_rate,
      emaDecay: 0.5,
    });
  }
  await stepper.readState();
  return { state, resident: resident !== undefined };
}

/** Asserts that parameters, their average and the optimiser's moments agree in norm. */
export function assertSameState(actual: TrainingState, expected: TrainingState): void {
  const moments = expected.optimizer.m;
  const sizes = Object.values(moments).map(norm).sort((x, y) => x - y);
  const typical = sizes[sizes.length >> 1]!;
  for (const name of Object.keys(expected.parameters)) {
    // AdamW makes whole steps of gradients that are rounding alone.
    if (norm(moments[name]!) < 1e-5 * typical) continue;
    const parts = ({ parameters, ema, optimizer }: TrainingState) => ({
      parameters: parameters[name]!.data,
      ema: ema[name]!.data,
      "first moment": optimizer.m[name]!,
      "second moment": optimizer.v[name]!,
    });
    const given = parts(actual);
    for (const [part, values] of Object.entries(parts(expected))) {
      if (norm(values) === 0) continue;
      const off = distance(given[part as keyof typeof given], values);
      assert.ok(off <= 1e-3, `${part} of ${name} is off by ${off} of its norm`);
    }
  }
  const off = Math.abs(actual.window.loss / expected.window.loss - 1);
  assert.ok(off <= 1e-4, `the loss is off by ${off} of itself`);
}
