/** Devices: how an engine is opened on each, and programs with state on any of them. */
import { openCompiledEngine } from "./compiled.ts";
import { openEagerEngine } from "./eager.ts";
import { deviceNames, requirePrecision, UserError } from "./host/mod.ts";
import { openKernelRuntime } from "./kernels/runtime.ts";
import { onnxRuntime } from "./onnx/runtime.ts";
import type {
  Arrays,
  CompileOptions,
  DeviceName,
  Engine,
  Precision,
  Program,
  ResidentProgram,
  Signature,
  TensorFunction,
} from "./types.ts";
import { allocate, checkInputs, copied, mapValues } from "./call.ts";

/**
 * Opens a place where programs run. "auto" is no place: it is for {@link chooseEngine}, which wants
 * to know the work.
 *
 * @param options.precision In what products of matrices and convolutions are computed, by default float32.
 * @throws {UserError} If the device is unknown, cannot be used here, or does not have the precision.
 */
export async function openEngine(
  { device, precision = "float32" }: {
    device: Exclude<DeviceName, "auto">;
    precision?: Precision | undefined;
  },
): Promise<Engine> {
  requirePrecision(device, precision);
  switch (device) {
    case "cpu":
      return openCompiledEngine(onnxRuntime());
    case "webgpu":
    case "cuda":
      return openCompiledEngine(await openKernelRuntime(device, precision));
    case "tensorflow":
    case "tfjs-webgpu":
    case "tfjs-cpu":
      return await openEagerEngine(device);
    default:
      device satisfies never;
      throw new UserError(
        `Unknown device ${JSON.stringify(device)}: use ${deviceNames.join(", ")}`,
      );
  }
}

export interface StatefulOptions extends Pick<CompileOptions, "constants"> {
  /** Inputs and state with a leading batch axis, over which processor cores may divide the work. */
  readonly perExample: readonly string[];
  /** Number of examples along that axis. */
  readonly batch: number;
}

/** As `Engine.compileResident`, on any engine. */
export async function compileStateful(
  engine: Engine,
  fn: TensorFunction,
  inputs: Signature,
  state: Signature,
  { constants, perExample, batch }: StatefulOptions,
): Promise<ResidentProgram> {
  if (engine.compileResident) return await engine.compileResident(fn, inputs, state, { constants });
  const count = engine.replicasFor(batch);
  const program = await engine.compile(fn, { ...inputs, ...state }, {
    constants,
    replicas: { count, split: perExample, outputs: "concat" },
  });
  return keptOnHost(program, inputs, state);
}

function keptOnHost(program: Program, inputs: Signature, state: Signature): ResidentProgram {
  const kept: Arrays = mapValues(state, allocate);
  let queue: Promise<void> = Promise.resolve();
  const then = (work: () => void | Promise<void>) => {
    queue = queue.then(work);
    // Whoever reads is told; until then nobody waits for it.
    queue.catch(() => {});
  };
  return {
    inputs,
    state,
    enqueue(arrays) {
      checkInputs(inputs, arrays);
      const own = copied(arrays);
      then(async () => {
        const outputs = await program.run({ ...own, ...kept });
        for (const [name, values] of Object.entries(outputs)) kept[name]!.set(values);
      });
    },
    async read(into) {
      await queue;
      for (const [name, array] of Object.entries(into)) array.set(kept[name]!);
    },
    write(arrays) {
      const own = copied(arrays);
      then(() => {
        for (const [name, array] of Object.entries(own)) kept[name]!.set(array);
      });
    },
    dispose: () => program.dispose(),
  };
}
