/** Programs with state on every engine: where it cannot stay on the device, the host keeps it. */
import { allocate, checkInputs } from "./call.ts";
import type {
  Arrays,
  CompileOptions,
  Engine,
  Program,
  ResidentProgram,
  Signature,
  TensorFunction,
} from "./types.ts";

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
  const kept: Arrays = Object.fromEntries(
    Object.entries(state).map(([name, spec]) => [name, allocate(spec)]),
  );
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

function copied(arrays: Arrays): Arrays {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => [name, array.slice()]),
  );
}
