/** The training loop of a run. */
import { setImmediate } from "node:timers/promises";
import { emaDecayAt, learningRateAt, UserError } from "../../engine/mod.ts";
import type { MetricRow } from "../store/store.ts";
import { saveCheckpoint } from "./checkpoints.ts";
import { prepareTraining, type Training, type TrainingContext } from "./setup.ts";
import { EMPTY_WINDOW } from "./state.ts";
import { Divergence } from "./stepper.ts";
import type {
  TrainingMeasurer,
  TrainingSampler,
  Validation,
  ValidationMetrics,
} from "./modality.ts";
import type { MetricName } from "../store/metrics.ts";
import type { Run } from "../store/run.ts";

/** The result of a training that ended without an error. */
type TrainingEnd = "finished" | "stopped" | "interrupted";

/**
 * Trains a run that was claimed by this worker, from its newest checkpoint or from the start, until the last step,
 * a stop request or the signal of the worker. A checkpoint is saved at the end.
 *
 * The result depends on configuration, data, device and code only, not on interruptions, because all random
 * numbers are functions of the seed and the step.
 *
 * @throws {UserError} If the data is not available, or the training diverges.
 * @throws {LostRunError} If the run was reassigned to another worker.
 */
export async function trainRun(run: Run, context: TrainingContext): Promise<TrainingEnd> {
  const training = await prepareTraining(run, context);
  try {
    return await new Trainer(training, context).run();
  } finally {
    await training.engine.dispose();
  }
}

class Trainer {
  readonly #training: Training;
  readonly #context: TrainingContext;
  readonly #validation: Validation;
  readonly #sampler: TrainingSampler;
  readonly #measurer: TrainingMeasurer | undefined;
  /** Metrics that have not been stored. */
  #pending: MetricRow[] = [];
  /** Seconds of training steps since the metrics were last logged. */
  #busySeconds = 0;
  #busySteps = 0;
  #checkpointStep: number;

  constructor(training: Training, context: TrainingContext) {
    const { run, engine, subject, state } = training;
    const { store, signal } = context;
    const sampling = { store, engine, run, state, signal };
    this.#training = training;
    this.#context = context;
    this.#validation = subject.validation(engine);
    this.#sampler = subject.sampler(sampling);
    this.#measurer = subject.measurer?.(sampling);
    this.#checkpointStep = state.step;
  }

  async run(): Promise<TrainingEnd> {
    const { state, run } = this.#training;
    const { store, workerId, signal } = this.#context;
    store.runs.setActivity(run.id, workerId, "training");
    await this.#measureAgain();
    while (state.step < run.steps) {
      if (this.#stopRequested()) return this.#finish("stopped");
      if (signal?.aborted) return this.#finish("interrupted");
      await this.#step();
      await this.#afterStep();
      // Yields to signals and timers, because programs run on this thread.
      await setImmediate();
    }
    return this.#finish("finished");
  }

  /** Executes one optimiser step. */
  async #step(): Promise<void> {
    const { state, run: { config }, subject, stepper } = this.#training;
    const options = { withoutNoise: stepper.drawsNoise };
    await this.#timed(() =>
      stepper.step(subject.batch(state.step, state.parameters, options), {
        learningRate: this.#learningRate(config.learning_rate),
        muonLearningRate: this.#learningRate(config.muon_learning_rate),
        emaDecay: emaDecayAt(state.step, config.ema_decay),
      })
    );
    this.#busySteps++;
  }

  /** Runs work that counts as time of training steps. */
  async #timed(work: () => Promise<void>): Promise<void> {
    const began = performance.now();
    try {
      await work();
    } catch (error) {
      throw error instanceof Divergence ? this.#diverged(error.message) : error;
    }
    this.#busySeconds += (performance.now() - began) / 1000;
  }

  /** Runs everything that is due after a step: logging, validation, sampling, evaluation, checkpoint. */
  async #afterStep(): Promise<void> {
    const { state, run, stepper } = this.#training;
    const { config } = run;
    const last = state.step === run.steps;
    const due = (every: number) => every > 0 && (state.step % every === 0 || last);
    this.#context.store.workers.heartbeat(this.#context.workerId);
    const measures = this.#measurer && due(this.#measurer.every);
    const looks = due(config.validate_every) || due(config.sample_every) || measures ||
      due(config.checkpoint_every);
    if (looks) await this.#timed(() => stepper.readState());
    else if (due(config.log_every)) await this.#timed(() => stepper.readWindow());
    if (due(config.log_every)) this.#log();
    if (due(config.validate_every)) await this.#validate();
    if (due(config.sample_every)) await this.#sampler.sample();
    if (this.#measurer && measures) await this.#measure(this.#measurer);
    if (due(config.checkpoint_every)) this.#saveCheckpoint();
    else if (due(config.log_every)) this.#flush();
  }

  /** Repeats an evaluation that was interrupted by a stop request. */
  async #measureAgain(): Promise<void> {
    const { state } = this.#training;
    const measurer = this.#measurer;
    if (!measurer || state.step === 0 || state.step % measurer.every > 0) return;
    if (!measurer.isDone()) await this.#measure(measurer);
  }

  /** Returns the learning rate of the next step for a peak rate. */
  #learningRate(peak: number): number {
    const { state, run: { config } } = this.#training;
    return learningRateAt(state.step, {
      learningRate: peak,
      warmupSteps: config.warmup_steps,
      steps: config.steps,
      decay: config.decay,
      finalFraction: 0,
    });
  }

  /** Logs the mean loss and gradient norm since the last log, and the learning rate of the next step. */
  #log(): void {
    const { state, run, stepper } = this.#training;
    const { steps, loss, gradientNorm } = state.window;
    this.#note("loss", loss / steps);
    this.#note("gradient_norm", gradientNorm / steps);
    this.#note("learning_rate", this.#learningRate(run.config.learning_rate));
    this.#note("examples_per_second", this.#busySteps * run.config.batch_size / this.#busySeconds);
    state.window = EMPTY_WINDOW;
    stepper.clearWindow();
    [this.#busySeconds, this.#busySteps] = [0, 0];
  }

  #note(name: MetricName, value: number): void {
    this.#pending.push({ name, step: this.#training.state.step, value });
  }

  async #validate(): Promise<void> {
    const { state, run } = this.#training;
    const { store } = this.#context;
    const metrics = await this.#validation.run(state.ema);
    for (const [name, value] of Object.entries(metrics)) {
      if (!Number.isFinite(value)) throw this.#diverged(`${name} is ${value}`);
      this.#note(name as MetricName, value);
    }
    this.#flush();
    store.events.add(
      "run-validated",
      run.id,
      `${run.id}: ${described(metrics)} at step ${state.step}`,
    );
  }

  /** Evaluates; a stop request interrupts it, and it is repeated when the run is resumed. */
  async #measure(measurer: TrainingMeasurer): Promise<void> {
    const { run } = this.#training;
    const { store, workerId } = this.#context;
    const stop = new Error("Stopped");
    let metrics: ValidationMetrics;
    try {
      metrics = await measurer.measure((activity) => {
        if (this.#stopRequested()) throw stop;
        if (store.workers.heartbeat(workerId)) {
          store.runs.setActivity(run.id, workerId, activity);
        }
      });
    } catch (error) {
      if (error === stop) return;
      throw error;
    }
    store.runs.setActivity(run.id, workerId, "training");
    for (const [name, value] of Object.entries(metrics)) this.#note(name as MetricName, value);
    this.#flush();
  }

  #flush(): void {
    const { run, state } = this.#training;
    const { store, workerId } = this.#context;
    store.transaction(() => {
      store.runs.setStep(run.id, workerId, state.step);
      store.metrics.insert(run.id, this.#pending);
    });
    this.#pending = [];
  }

  #saveCheckpoint(): void {
    const { state, origin } = this.#training;
    if (this.#checkpointStep === state.step) return this.#flush();
    const { store, workerId } = this.#context;
    saveCheckpoint(store, state, origin, workerId, this.#pending);
    this.#pending = [];
    this.#checkpointStep = state.step;
  }

  async #finish(end: TrainingEnd): Promise<TrainingEnd> {
    await this.#timed(() => this.#training.stepper.readState());
    this.#saveCheckpoint();
    return end;
  }

  #stopRequested(): boolean {
    return this.#context.store.runs.stopRequested(this.#training.run.id, this.#context.workerId);
  }

  #diverged(what: string): UserError {
    const { state, run: { config } } = this.#training;
    const kept = this.#checkpointStep > 0
      ? `the checkpoint of step ${this.#checkpointStep} is kept`
      : "";
    return new UserError(
      `Training diverged at step ${state.step + 1}: ${what}; train again with a lower ${
        rates(config)
      } ` +
        `or a longer warm-up${kept && `; ${kept}`}`,
    );
  }
}

/** Describes the learning rates of a run. */
function rates({ learning_rate, muon_learning_rate: muon }: Run["config"]): string {
  return muon > 0
    ? `learning_rate than ${learning_rate} and muon_learning_rate than ${muon}`
    : `learning_rate than ${learning_rate}`;
}

/** Describes the ranking metric. */
function described({ denoising_mse, nats_per_character }: ValidationMetrics): string {
  return denoising_mse !== undefined
    ? `denoising error ${denoising_mse.toPrecision(3)}`
    : `${nats_per_character!.toFixed(3)} nats per character`;
}
