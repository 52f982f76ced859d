import type { ServerContext } from "@modelcontextprotocol/server";

/** Progress notifications of one call; nothing is sent where the client did not ask for them. */
export interface Progress {
  /** Sends a notification now. */
  report(done: number, total: number, message: string): void;
  /** Ends the repetition of the last message. */
  close(): void;
}

/** Clients give up on a call that is silent for long, so the last message is repeated this often. */
const REPEAT_MS = 9_000;

/** The progress of a call, by the token its request carries. */
export function progressOf(context: ServerContext): Progress {
  const progressToken = context.mcpReq._meta?.progressToken;
  if (progressToken === undefined) return { report: () => {}, close: () => {} };
  let sent = -1;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  const report = (done: number, total: number, message: string) => {
    if (closed) return;
    clearTimeout(timer);
    // The protocol wants every value above the one before, also where nothing moved.
    const progress = done > sent ? done : sent + 1e-3;
    sent = progress;
    context.mcpReq.notify({
      method: "notifications/progress",
      params: { progressToken, progress, total: Math.max(total, progress), message },
    }).catch(() => {
      // The client is gone; the call's own answer will meet the same fate.
    });
    timer = setTimeout(() => report(done, total, message), REPEAT_MS);
  };
  return {
    report,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
