/** A thread with one replica of each of several programs: a session of its own for each, on one core. */
import type { Arrays } from "../types.ts";
import { type FromReplica, openSession, type Session, type ToReplica } from "./session.ts";

const owner = self as unknown as Worker;

interface Replica {
  readonly session: Session;
  readonly inputs: Arrays;
  readonly outputs: Arrays;
}

const replicas = new Map<number, Replica>();
/** Messages are carried out one after another. */
let last: Promise<void> = Promise.resolve();

owner.onmessage = ({ data }: MessageEvent<ToReplica>) => {
  last = last.then(async () => {
    try {
      await handle(data);
      reply({ kind: "done" });
    } catch (error) {
      reply({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  });
};

async function handle(message: ToReplica): Promise<void> {
  switch (message.kind) {
    case "open": {
      const { program, model, inputSignature, outputSignature, inputs, outputs } = message;
      const session = await openSession(model, inputSignature, outputSignature, {
        provider: "cpu",
        threads: 1,
      });
      replicas.set(program, { session, inputs, outputs });
      return;
    }
    case "run": {
      const replica = replicas.get(message.program);
      if (!replica) throw new Error("Internal: a replica was run before it was opened");
      const { session, inputs, outputs } = replica;
      for (const [name, array] of Object.entries(inputs)) session.inputs[name]!.set(array);
      await session.run();
      for (const [name, array] of Object.entries(outputs)) array.set(session.outputs[name]!);
      return;
    }
    case "release": {
      const replica = replicas.get(message.program);
      replicas.delete(message.program);
      await replica?.session.release();
      return;
    }
    default:
      message satisfies never;
  }
}

function reply(message: FromReplica): void {
  owner.postMessage(message);
}
