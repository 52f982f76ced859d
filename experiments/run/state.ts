/** The training state and the format of checkpoints. */
import {
  type CheckedFile,
  createAdamW,
  decodeWithChecksum,
  encodeWithChecksum,
  type OptimizerState,
  type Parameters,
  type SafeTensor,
  UserError,
} from "../../engine/mod.ts";
import { initialParameters, type ParameterSpec } from "../../models/layers/mod.ts";
import { configHash, parseConfig } from "../config/configuration.ts";
import type { RunConfig } from "../config/fields.ts";

/** The training state: everything that the next step depends on other than configuration and data. */
export interface TrainingState {
  /** Number of completed steps. */
  step: number;
  readonly parameters: Parameters;
  /** Exponential moving average of the parameters, the weights for sampling. */
  readonly ema: Parameters;
  readonly optimizer: OptimizerState;
  /** Sums since the training metrics were last logged. */
  window: MetricWindow;
}

interface MetricWindow {
  readonly steps: number;
  readonly loss: number;
  readonly gradientNorm: number;
}

export const EMPTY_WINDOW: MetricWindow = { steps: 0, loss: 0, gradientNorm: 0 };

/** Provenance of a checkpoint, stored in its metadata. */
export interface CheckpointOrigin {
  readonly runId: string;
  /** Time when the run was queued; together with its id it identifies the run. */
  readonly createdAt: string;
  readonly config: RunConfig;
  readonly codeVersion: string;
  readonly datasetHash: string;
  readonly device: string;
  readonly replicas: number;
}

/** The format with a checksum; {@link UNCHECKED_FORMAT} has none. */
const FORMAT = "textdiffusion-checkpoint-2";
const UNCHECKED_FORMAT = "textdiffusion-checkpoint-1";
/** The averaged weights alone, in half precision. */
const WEIGHTS_FORMAT = "textdiffusion-weights-1";
/** The largest number that half precision has. */
const LARGEST_HALF = 65504;

/** Returns the state before the first step of a training that begins with random weights. */
export function initialState(specs: readonly ParameterSpec[], seed: number): TrainingState {
  return stateFrom(initialParameters(specs, seed));
}

/** Returns the state before the first step of a training that begins with these weights. */
export function stateFrom(parameters: Parameters): TrainingState {
  const ema = Object.fromEntries(
    Object.entries(parameters)
      .map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
  );
  return {
    step: 0,
    parameters,
    ema,
    optimizer: createAdamW(parameters),
    window: EMPTY_WINDOW,
  };
}

/** The state as a safetensors file: `model/…`, `ema/…`, `adam.m/…` and `adam.v/…`. */
export function encodeCheckpoint(state: TrainingState, origin: CheckpointOrigin): Uint8Array {
  const { parameters, ema, optimizer } = state;
  const tensors: Record<string, SafeTensor> = {};
  for (const [name, { shape, data }] of Object.entries(parameters)) {
    const put = (prefix: string, values: Float32Array) => {
      tensors[`${prefix}/${name}`] = { dtype: "F32", shape, data: values };
    };
    put("model", data);
    put("ema", ema[name]!.data);
    put("adam.m", optimizer.m[name]!);
    put("adam.v", optimizer.v[name]!);
  }
  return encodeWithChecksum(tensors, {
    format: FORMAT,
    run: origin.runId,
    run_created_at: origin.createdAt,
    step: String(state.step),
    optimizer_step: String(optimizer.step),
    window: JSON.stringify(state.window),
    config: JSON.stringify(origin.config),
    config_hash: configHash(origin.config),
    code_version: origin.codeVersion,
    dataset_hash: origin.datasetHash,
    device: origin.device,
    replicas: String(origin.replicas),
  });
}

/**
 * Decodes a checkpoint.
 *
 * @param specs The parameters of the network.
 * @throws {UserError} If the file is damaged, or is not a checkpoint of this network.
 */
export function decodeCheckpoint(
  bytes: Uint8Array,
  specs: readonly ParameterSpec[],
): TrainingState {
  const file = readFile(bytes);
  const { step, optimizer_step, window } = file.metadata;
  const moments = (prefix: string) =>
    Object.fromEntries(
      Object.entries(parametersIn(file, prefix, specs)).map(([name, { data }]) => [name, data]),
    );
  return {
    step: Number(step),
    parameters: parametersIn(file, "model", specs),
    ema: parametersIn(file, "ema", specs),
    optimizer: { step: Number(optimizer_step), m: moments("adam.m"), v: moments("adam.v") },
    window: JSON.parse(window!) as MetricWindow,
  };
}

/**
 * The averaged weights of a checkpoint, or of a file that has nothing else.
 *
 * @param specs The parameters that the network of the file's configuration has.
 * @throws {UserError} If the file is damaged, or is not of this network.
 */
export function decodeWeights(
  bytes: Uint8Array,
  specs: readonly ParameterSpec[],
): { step: number; ema: Parameters } {
  const file = readFile(bytes, WEIGHTS_FORMAT);
  return { step: Number(file.metadata.step), ema: parametersIn(file, "ema", specs) };
}

/** Returns the tensors under a prefix in single precision. @throws {UserError} If one is missing or does not fit. */
function parametersIn(
  { tensors }: CheckedFile,
  prefix: string,
  specs: readonly ParameterSpec[],
): Parameters {
  return Object.fromEntries(specs.map(({ name, shape }) => {
    const tensor = tensors[`${prefix}/${name}`];
    if (!tensor || tensor.dtype === "I32" || tensor.shape.join() !== shape.join()) {
      throw new UserError(
        `The checkpoint does not fit the network: ${prefix}/${name} should be F32 [${shape}], ` +
          `but is ${
            tensor ? `${tensor.dtype} [${tensor.shape}]` : "missing"
          }; give the fields of ` +
          "the network (self_condition, image_size and the like) the values of the run that it is of",
      );
    }
    const data = tensor.dtype === "F32" ? tensor.data : Float32Array.from(tensor.data);
    return [name, { shape, data }];
  }));
}

/**
 * The averaged weights of a checkpoint in half precision, with all that its metadata says: enough to
 * sample from, a tenth of the bytes, and nothing that training could go on from.
 *
 * @param vocabulary The characters of the text that it learnt from, so that it can write without it.
 * @throws {UserError} If the file is no checkpoint, or a weight is too large for half precision.
 */
export function halfPrecision(
  checkpoint: Uint8Array,
  vocabulary?: string | undefined,
): Uint8Array<ArrayBuffer> {
  const { tensors, metadata } = readFile(checkpoint);
  const halves = Object.entries(tensors).filter(([name]) => name.startsWith("ema/"))
    .map(([name, { shape, data }]): [string, SafeTensor] => {
      if (data.some((value) => !(Math.abs(value) <= LARGEST_HALF))) {
        throw new UserError(
          `${name} has weights beyond ±${LARGEST_HALF}, which half precision does not reach`,
        );
      }
      return [name, { dtype: "F16", shape, data: Float16Array.from(data) }];
    });
  return encodeWithChecksum(Object.fromEntries(halves), {
    ...metadata,
    ...(vocabulary === undefined ? {} : { vocabulary }),
    format: WEIGHTS_FORMAT,
  });
}

/** The characters that a network of published weights writes; undefined where the file has none. */
export function vocabularyIn(bytes: Uint8Array): string | undefined {
  return readFile(bytes, WEIGHTS_FORMAT).metadata.vocabulary;
}

/** Returns the configuration of a checkpoint. @throws {UserError} If the file is not a checkpoint. */
export function checkpointConfig(bytes: Uint8Array): RunConfig {
  return parseConfig(JSON.parse(readFile(bytes).metadata.config!));
}

/**
 * Whether a file is a checkpoint of the run with this id and creation time.
 *
 * @throws {UserError} If the file is damaged or not a checkpoint.
 */
export function isCheckpointOf(bytes: Uint8Array, runId: string, createdAt: string): boolean {
  const { run, run_created_at } = readFile(bytes).metadata;
  return run === runId && run_created_at === createdAt;
}

/**
 * Only files of the format without a checksum may lack it: a flipped bit in its name is noticed.
 *
 * @param alike Another format with a checksum that will do.
 */
function readFile(bytes: Uint8Array, alike?: string): CheckedFile {
  const file = decodeWithChecksum(bytes);
  const { format } = file.metadata;
  const known = file.hasChecksum ? [FORMAT, alike] : [UNCHECKED_FORMAT];
  if (format === undefined || !known.includes(format)) {
    throw new UserError(
      `This safetensors file is not a checkpoint: its format is ${format ?? "not named"} ` +
        `${file.hasChecksum ? "with" : "without"} a checksum, expected ${FORMAT} with one`,
    );
  }
  return file;
}
