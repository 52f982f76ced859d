/** Preparing the training of a run: data, state, device and programs. */
import {
  type ChoiceOptions,
  chooseEngine,
  type DeviceChoice,
  type DeviceName,
  type Engine,
  openEngine,
  type Precision,
  UserError,
  type Workload,
} from "../../engine/mod.ts";
import type { Store } from "../store/store.ts";
import { parameterCount } from "../../models/layers/mod.ts";
import { compileStep, inputArrays } from "../../models/steps/mod.ts";
import { newestState, requireSameData, rewind, startingState } from "./checkpoints.ts";
import { type CheckpointOrigin, initialState, type TrainingState } from "./state.ts";
import { compileStepper, placeOfNoise, type Stepper } from "./stepper.ts";
import type { OpenSubject, Subject, SubjectOptions } from "./modality.ts";
import type { Run } from "../store/run.ts";
import type { RunConfig } from "../config/fields.ts";

/** The context that a worker provides for a training. */
export interface TrainingContext {
  readonly store: Store;
  readonly workerId: number;
  readonly openSubject: OpenSubject;
  /** Device of runs that request none. By default the device that a run began on, or the fastest for new runs. */
  readonly device?: DeviceName | undefined;
  /** Data directory of runs that request none. */
  readonly dataDirectory?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Training {
  readonly run: Run;
  /** The engine, owned by this training; disposing it releases all compiled programs. */
  readonly engine: Engine;
  readonly subject: Subject;
  readonly state: TrainingState;
  readonly origin: CheckpointOrigin;
  readonly stepper: Stepper;
}

/**
 * Loads the data and the newest checkpoint, opens a device and compiles the training step.
 *
 * @throws {UserError} If the data is not available, or differs from that of the start of the run.
 */
export async function prepareTraining(run: Run, context: TrainingContext): Promise<Training> {
  const { store, workerId } = context;
  const subject = await loadSubject(run, context);
  // Checked before checkpoints are read, which may not fit the network for other data.
  requireSameData(run, subject.data);
  const state = newestState(store, run, subject.parameters) ??
    startingState(store, run, subject);
  rewind(store, run, workerId, state.step);
  const { engine, choice } = await openDevice(run, subject, state, context);
  try {
    return await compileOn(engine, choice, { run, subject, state }, context);
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

async function compileOn(
  engine: Engine,
  deviceChoice: DeviceChoice,
  { run, subject, state }: Pick<Training, "run" | "subject" | "state">,
  { store, workerId }: TrainingContext,
): Promise<Training> {
  const { config } = run;
  store.runs.setActivity(run.id, workerId, "compiling");
  // The number of replicas changes the order of sums, so a resumed run keeps it, unless it moves to another
  // device, where it cannot continue bit for bit.
  const replicas = run.device === engine.device && run.replicas !== null
    ? run.replicas
    : engine.replicasFor(config.batch_size);
  const facts = {
    datasetHash: subject.data.hash,
    device: engine.device,
    parameterCount: parameterCount(subject.parameters),
    replicas,
    baseline: run.baseline ?? subject.baseline(store.workspace),
    pictures: subject.pictures,
  };
  const choice = { ...deviceChoice, noise: placeOfNoise(engine, subject) };
  store.runs.setFacts(run.id, workerId, { ...facts, deviceChoice: choice });
  const stepper = await compileStepper(engine, replicas, config, subject, state);
  const { id: runId, createdAt, codeVersion } = run;
  const origin = { runId, createdAt, config, codeVersion, ...facts };
  return { run, engine, subject, state, origin, stepper };
}

/**
 * Opens the device of a run: the requested one; otherwise the device that it began on, because others round
 * differently; otherwise, for a new run, the fastest one for its training step.
 */
async function openDevice(
  run: Run,
  subject: Subject,
  state: TrainingState,
  { store, workerId, signal, ...context }: TrainingContext,
): Promise<OpenedDevice> {
  const { precision } = run.config;
  const device = run.requestedDevice ?? context.device ?? "auto";
  if (device !== "auto") return await openRequested(device, run);
  let moved = "";
  if (state.step > 0 && run.device !== null) {
    try {
      const engine = await openEngine({ device: run.device, precision });
      const reason = `the run began on ${run.device}`;
      return { engine, choice: run.deviceChoice ?? { device: run.device, reason, measured: [] } };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      moved = `${error.message.replace(/\.$/, "")}, where it began; `;
    }
  }
  const { engine, choice } = await openFastest(
    trainingWorkload(run.config, subject, state),
    precision,
    {
      signal,
      onMeasure(device) {
        store.workers.heartbeat(workerId);
        store.runs.setActivity(run.id, workerId, `measuring the speed of ${device}`);
      },
    },
  );
  return { engine, choice: { ...choice, reason: moved + choice.reason } };
}

interface OpenedDevice {
  readonly engine: Engine;
  readonly choice: DeviceChoice;
}

/** @throws {UserError} If the device is not available; for one that the run requested, the message says what to do. */
async function openRequested(
  device: Engine["device"],
  { id, requestedDevice, config: { precision } }: Run,
): Promise<OpenedDevice> {
  try {
    const engine = await openEngine({ device, precision });
    return { engine, choice: { device, reason: `${device} was asked for`, measured: [] } };
  } catch (error) {
    if (!(error instanceof UserError) || requestedDevice === null) throw error;
    throw new UserError(
      `${error.message.replace(/\.$/, "")}; ${device} was requested for ${id}: resume it with ` +
        "--device auto, or with another device",
    );
  }
}

/** Opens the fastest device for the work; for a precision other than float32, the only one that has it. */
async function openFastest(
  workload: Workload,
  precision: Precision,
  options: ChoiceOptions = {},
): Promise<OpenedDevice> {
  if (precision === "float32") return await chooseEngine(workload, options);
  const engine = await openEngine({ device: "cuda", precision });
  const reason = `cuda is the only device with precision ${precision}`;
  return { engine, choice: { device: engine.device, reason, measured: [] } };
}

/** The training step, as often as it is still to be done. */
function trainingWorkload(
  { batch_size, steps }: RunConfig,
  subject: Subject,
  state: TrainingState,
): Workload {
  return {
    compile: (engine) => compileStep(engine, subject.step, { batch: batch_size, outputs: "mean" }),
    inputs: () => ({
      ...inputArrays(state.parameters),
      ...subject.batch(state.step, state.parameters),
    }),
    runs: steps - state.step,
  };
}

/** The device that "auto" takes for a new run with this configuration. */
export async function deviceForTraining(
  config: RunConfig,
  openSubject: OpenSubject,
): Promise<DeviceChoice> {
  const subject = await openSubject(config, {});
  const state = initialState(subject.parameters, config.seed);
  const workload = trainingWorkload(config, subject, state);
  const { engine, choice } = await openFastest(workload, config.precision);
  await engine.dispose();
  return choice;
}

async function loadSubject(run: Run, context: TrainingContext): Promise<Subject> {
  const { store, workerId, signal } = context;
  const directory = run.dataDirectory || context.dataDirectory;
  store.runs.setActivity(run.id, workerId, `loading ${run.config.dataset}`);
  let reportedAt = 0;
  const report = (activity: string) => {
    if (Date.now() - reportedAt < 500) return;
    reportedAt = Date.now();
    store.workers.heartbeat(workerId);
    store.runs.setActivity(run.id, workerId, activity);
  };
  const options: SubjectOptions = {
    directory,
    signal,
    onDecoded: (done, total) => report(`reading pictures: ${done} of ${total}`),
    onProgress({ file, receivedBytes, totalBytes }) {
      const of = totalBytes === undefined ? "" : ` of ${megabytes(totalBytes)}`;
      report(`downloading ${file}: ${megabytes(receivedBytes)}${of} MB`);
    },
  };
  try {
    return await context.openSubject(run.config, options);
  } catch (error) {
    if (!(error instanceof UserError) || run.dataDirectory !== "") throw error;
    throw new UserError(
      `${
        error.message.replace(/\.$/, "")
      }. ${run.id} was requested with an older version, which did not record its ` +
        "folder with data sets: resume it with --data FOLDER, or from a server that was started with it",
    );
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
