import { UserError } from "./host/mod.ts";
import type { Runner } from "./runtime.ts";
import type { Arrays } from "./types.ts";

/**
 * Lets calls take turns, because a runner has one set of buffers. A call that has to wait is given
 * copies of its inputs as they were when it came, and a call that others wait for returns copies of
 * its outputs; the common case, one call after the other, copies nothing.
 */
export function takingTurns(runner: Runner): Runner {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  let released = false;
  return {
    async run(inputs) {
      if (released) {
        throw new UserError("Cannot run a program that was disposed of: compile it again");
      }
      const alone = waiting++ === 0;
      const given = alone ? inputs : copyOf(inputs);
      const turn = (alone ? runner.run(given) : last.then(() => runner.run(given)))
        .then((outputs) => waiting > 1 ? copyOf(outputs) : outputs)
        .finally(() => waiting--);
      last = turn.catch(() => {});
      return await turn;
    },
    async release() {
      if (released) return;
      released = true;
      await last;
      await runner.release();
    },
  };
}

function copyOf(arrays: Arrays): Arrays {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.slice()]));
}
