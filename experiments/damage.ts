/** What a run's report says about damaged checkpoints. */
import type { Store } from "./store/mod.ts";
import type { Alert } from "./types.ts";

/** Newest findings that a report repeats. */
const SHOWN = 3;

/** An alert for each time a damaged checkpoint was met and an older one was taken; newest first. */
export function damageAlerts(store: Store, runId: string): Alert[] {
  return store.events.ofRun(runId, "checkpoint-damaged").slice(-SHOWN).reverse()
    .map(({ at, message }) => ({
      level: "warning",
      code: "checkpoint-damaged",
      message: `${message} (seen ${at})`,
    }));
}
