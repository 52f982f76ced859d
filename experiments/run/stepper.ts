/** Training steps with the state on the host, or on the device. */
import {
  type AdamWConfig,
  adamWStep,
  type Arrays,
  CONTROL_SIGNATURE,
  controlArrays,
  type DeviceChoice,
  type Engine,
  type FlatLayout,
  flatLayout,
  flatten,
  type Muon,
  type Program,
  type ResidentProgram,
  stateSignature,
  unflatten,
  type UpdateConfig,
  updateEma,
  updateFunction,
  WINDOW,
} from "../../engine/mod.ts";
import { batchSignature, inputArrays, NOISE_STEP, withDrawnNoise } from "../../models/steps/mod.ts";
import type { TrainingState } from "./state.ts";
import type { Subject } from "./modality.ts";

/** Rates of a training step. */
export interface StepRates {
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

export type OptimizerConfig = Omit<AdamWConfig, "learningRate" | "except">;

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
  const step = noise ? withDrawnNoise(subject.step, noise, batchSize) : subject.step;
  const layout = flatLayout(subject.parameters);
  const program = await engine.compileResident!(
    updateFunction(step.apply, layout, config),
    { ...batchSignature(step, batchSize), ...CONTROL_SIGNATURE },
    stateSignature(layout),
  );
  program.write(flatState(state, layout));
  return new ResidentStepper(program, state, layout, config, noise !== undefined);
}

class ResidentStepper implements Stepper {
  readonly drawsNoise: boolean;
  readonly #program: ResidentProgram;
  readonly #state: TrainingState;
  readonly #layout: FlatLayout;
  readonly #config: UpdateConfig;
  readonly #window = new Float32Array(3);
  #queued = 0;

  constructor(
    program: ResidentProgram,
    state: TrainingState,
    layout: FlatLayout,
    config: UpdateConfig,
    drawsNoise: boolean,
  ) {
    this.drawsNoise = drawsNoise;
    this.#program = program;
    this.#state = state;
    this.#layout = layout;
    this.#config = config;
  }

  async step(batch: Arrays, rates: StepRates): Promise<void> {
    const state = this.#state;
    const control = controlArrays(this.#config, { ...rates, step: state.optimizer.step });
    const drawn = this.drawsNoise ? { [NOISE_STEP]: Int32Array.of(state.step) } : {};
    this.#program.enqueue({ ...batch, ...drawn, ...control });
    state.step++;
    state.optimizer.step++;
    state.window = { ...state.window, steps: state.window.steps + 1 };
    if (++this.#queued >= MOST_QUEUED) await this.readWindow();
  }

  async readWindow(): Promise<void> {
    await this.#program.read({ window: this.#window });
    this.#takeWindow();
  }

  clearWindow(): void {
    this.#program.write({ window: new Float32Array(3) });
  }

  async readState(): Promise<void> {
    const { parameters, ema, optimizer } = this.#state;
    const length = this.#layout.length;
    const flat = {
      parameters: new Float32Array(length),
      ema: new Float32Array(length),
      first_moment: new Float32Array(length),
      second_moment: new Float32Array(length),
    };
    await this.#program.read({ ...flat, window: this.#window });
    this.#takeWindow();
    unflatten(this.#layout, flat.parameters, (name) => parameters[name]!.data);
    unflatten(this.#layout, flat.ema, (name) => ema[name]!.data);
    unflatten(this.#layout, flat.first_moment, (name) => optimizer.m[name]!);
    unflatten(this.#layout, flat.second_moment, (name) => optimizer.v[name]!);
  }

  #takeWindow(): void {
    this.#queued = 0;
    const refused = this.#window[WINDOW.refused]!;
    if (refused > 0) {
      throw new Divergence(
        `the loss or the gradient of ${refused} of the last ${this.#state.window.steps} steps ` +
          "was not finite",
      );
    }
    this.#state.window = {
      ...this.#state.window,
      loss: this.#window[WINDOW.loss]!,
      gradientNorm: this.#window[WINDOW.gradientNorm]!,
    };
  }
}

function flatState(
  { parameters, ema, optimizer, window }: TrainingState,
  layout: FlatLayout,
): Arrays {
  return {
    parameters: flatten(layout, (name) => parameters[name]!.data),
    ema: flatten(layout, (name) => ema[name]!.data),
    first_moment: flatten(layout, (name) => optimizer.m[name]!),
    second_moment: flatten(layout, (name) => optimizer.v[name]!),
    window: Float32Array.of(window.loss, window.gradientNorm, 0),
  };
}
