/** The thread of one replica: a session of its own on one core. */
import type { Arrays } from "../types.ts";
import { type FromReplica, openSession, type Session, type ToReplica } from "./session.ts";

const owner = self as unknown as Worker;

let open: { session: Session; inputs: Arrays; outputs: Arrays } | undefined;

owner.onmessage = async ({ data }: MessageEvent<ToReplica>) => {
  try {
    await handle(data);
    reply({ kind: "done" });
  } catch (error) {
    reply({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  }
};

async function handle(message: ToReplica): Promise<void> {
  switch (message.kind) {
    case "open": {
      const { model, inputSignature, outputSignature, inputs, outputs } = message;
      const session = await openSession(model, inputSignature, outputSignature, {
        provider: "cpu",
        threads: 1,
      });
      open = { session, inputs, outputs };
      return;
    }
    case "run": {
      if (!open) throw new Error("Internal: a replica was run before it was opened");
      const { session, inputs, outputs } = open;
      for (const [name, array] of Object.entries(inputs)) session.inputs[name]!.set(array);
      await session.run();
      for (const [name, array] of Object.entries(outputs)) array.set(session.outputs[name]!);
      return;
    }
    default:
      message satisfies never;
  }
}

function reply(message: FromReplica): void {
  owner.postMessage(message);
}
