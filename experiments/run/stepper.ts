/** Training steps with the state on the host, or on the device. */
import {
  type AdamWConfig,
  adamWStep,
  type Arrays,
  compileMuon,
  CONTROL_SIGNATURE,
  controlArrays,
  type DeviceChoice,
  type Engine,
  flatLayout,
  flatten,
  type Muon,
  type Program,
  stateSignature,
  unflatten,
  type UpdateConfig,
  updateEma,
  updateFunction,
  WINDOW,
} from "../../engine/mod.ts";
import {
  batchSignature,
  compileStep,
  inputArrays,
  NOISE_STEP,
  withDrawnNoise,
} from "../../models/steps/mod.ts";
import type { RunConfig } from "../config/fields.ts";
import type { TrainingState } from "./state.ts";
import type { Subject } from "./modality.ts";

/** Rates of a training step. */
interface StepRates {
  readonly learningRate: number;
  readonly muonLearningRate: number;
  readonly emaDecay: number;
}

/** A diverged training; the message says which value is not finite. */
export class Divergence extends Error {}

/** Executes optimiser steps. Except for the step count, the state may be out of date until it is read. */
export interface Stepper {
  /** Whether the noise of a step is drawn on the device, so that batches are made without it. */
  readonly drawsNoise: boolean;
  /** @throws {Divergence | UserError} If the training diverged. */
  step(batch: Arrays, rates: StepRates): Promise<void>;
  /** Updates the metric window of the state. @throws {Divergence} If the training diverged. */
  readWindow(): Promise<void>;
  /** Must be called after the metric window of the state was reset. */
  clearWindow(): void;
  /** Updates the whole state. @throws {Divergence} If the training diverged. */
  readState(): Promise<void>;
}

type OptimizerConfig = Omit<AdamWConfig, "learningRate" | "except">;

/** Compiles the training step of a run, with the state on the device where that is possible. */
export async function compileStepper(
  engine: Engine,
  replicas: number,
  config: RunConfig,
  subject: Subject,
  state: TrainingState,
): Promise<Stepper> {
  const batch = config.batch_size;
  const optimizer = {
    ...subject.adam,
    weightDecay: config.weight_decay,
    gradientClip: config.gradient_clip,
    treatments: subject.treatments,
  };
  // Muon updates the matrices of hidden layers if the configuration enables it.
  const muon = config.muon_learning_rate > 0
    ? subject.parameters.filter(({ hidden }) => hidden).map(({ name }) => name)
    : [];
  return await residentStepper(engine, subject, state, { ...optimizer, muon }, batch) ??
    hostStepper(
      state,
      await compileStep(engine, subject.step, { batch, outputs: "mean", replicas }),
      optimizer,
      muon.length > 0 ? await compileMuon(engine, state.parameters, muon) : null,
    );
}

/** Returns a stepper whose program computes gradients; the optimiser runs on the host. */
export function hostStepper(
  state: TrainingState,
  program: Program,
  config: OptimizerConfig,
  muon: Muon | null,
): Stepper {
  const names = Object.keys(state.parameters);
  return {
    drawsNoise: false,
    async step(batch, { learningRate, muonLearningRate, emaDecay }) {
      const outputs = await program.run({ ...inputArrays(state.parameters), ...batch });
      const loss = outputs.loss![0]!;
      if (!Number.isFinite(loss)) throw new Divergence(`the loss is ${loss}`);
      const gradients = Object.fromEntries(
        names.map((name) => [name, outputs[`grad/${name}`] as Float32Array]),
      );
      const { gradientNorm, scale } = adamWStep(state.parameters, gradients, state.optimizer, {
        ...config,
        learningRate,
        except: muon?.names,
      });
      await muon?.step(state.parameters, gradients, state.optimizer.m, {
        learningRate: muonLearningRate,
        weightDecay: config.weightDecay,
        scale,
      });
      updateEma(state.ema, state.parameters, emaDecay);
      state.step++;
      state.window = {
        steps: state.window.steps + 1,
        loss: state.window.loss + loss,
        gradientNorm: state.window.gradientNorm + gradientNorm,
      };
    },
    readWindow: () => Promise.resolve(),
    clearWindow() {},
    readState: () => Promise.resolve(),
  };
}

/** Largest number of queued steps before the host waits. */
const MOST_QUEUED = 32;

/**
 * Whether a training on this engine keeps its state on the device: not if the engine does not support it, nor
 * if batches depend on the parameters, which would have to be read back for every step.
 */
function isResident(engine: Engine, { batchFollowsParameters }: Subject): boolean {
  return engine.compileResident !== undefined && !batchFollowsParameters;
}

/** Where the noise of a training on this engine is made; undefined if it has none. */
export function placeOfNoise(engine: Engine, subject: Subject): DeviceChoice["noise"] {
  if (!subject.noise) return undefined;
  return isResident(engine, subject) ? "device" : "host";
}

/** Returns a stepper whose program keeps the state on the device; undefined if that is not possible. */
export async function residentStepper(
  engine: Engine,
  subject: Subject,
  state: TrainingState,
  config: UpdateConfig,
  batchSize: number,
): Promise<Stepper | undefined> {
  if (!isResident(engine, subject)) return undefined;
  const { noise } = subject;
  const drawsNoise = noise !== undefined;
  const step = drawsNoise ? withDrawnNoise(subject.step, noise, batchSize) : subject.step;
  const layout = flatLayout(subject.parameters);
  const program = await engine.compileResident!(
    updateFunction(step.apply, layout, config),
    { ...batchSignature(step, batchSize), ...CONTROL_SIGNATURE },
    stateSignature(layout),
  );
  const tensors = Object.entries(tensorsOf(state));
  program.write({
    ...Object.fromEntries(tensors.map(([name, part]) => [name, flatten(layout, part)])),
    window: Float32Array.of(state.window.loss, state.window.gradientNorm, 0),
  });
  const window = new Float32Array(3);
  let queued = 0;

  const takeWindow = () => {
    queued = 0;
    const refused = window[WINDOW.refused]!;
    if (refused > 0) {
      throw new Divergence(
        `the loss or the gradient of ${refused} of the last ${state.window.steps} steps was not finite`,
      );
    }
    const [loss, gradientNorm] = [window[WINDOW.loss]!, window[WINDOW.gradientNorm]!];
    state.window = { ...state.window, loss, gradientNorm };
  };
  const readWindow = async () => {
    await program.read({ window });
    takeWindow();
  };
  return {
    drawsNoise,
    async step(batch, rates) {
      const control = controlArrays(config, { ...rates, step: state.optimizer.step });
      const drawn = drawsNoise ? { [NOISE_STEP]: Int32Array.of(state.step) } : {};
      program.enqueue({ ...batch, ...drawn, ...control });
      state.step++;
      state.optimizer.step++;
      state.window = { ...state.window, steps: state.window.steps + 1 };
      if (++queued >= MOST_QUEUED) await readWindow();
    },
    readWindow,
    clearWindow: () => program.write({ window: new Float32Array(3) }),
    async readState() {
      const flat = Object.fromEntries(
        tensors.map(([name]) => [name, new Float32Array(layout.length)]),
      );
      await program.read({ ...flat, window });
      takeWindow();
      for (const [name, part] of tensors) unflatten(layout, flat[name]!, part);
    },
  };
}

/** Returns the tensors that a resident program keeps, each as a function from the name of a parameter to its values. */
function tensorsOf(
  { parameters, ema, optimizer }: TrainingState,
): Readonly<Record<string, (name: string) => Float32Array>> {
  return {
    parameters: (name) => parameters[name]!.data,
    ema: (name) => ema[name]!.data,
    first_moment: (name) => optimizer.m[name]!,
    second_moment: (name) => optimizer.v[name]!,
  };
}
