/**
 * Claude Code's channels, a preview: a server that declares one may send messages that start a turn of
 * the conversation. Its users switch a server's channel on; without that, the messages are dropped.
 */
import type { Lab } from "../experiments/mod.ts";
import type { ServerExtension } from "./server.ts";

const CHANNEL = "claude/channel";
/** The name under which the client that has channels introduces itself. */
const CLIENT = "claude-code";

/** A channel that carries the notices of the laboratory while a client is connected. */
export function noticeChannel(lab: Lab): ServerExtension {
  return {
    attach({ server }) {
      server.registerCapabilities({ experimental: { [CHANNEL]: {} } });
      const closed = new AbortController();
      server.onclose = () => closed.abort();
      server.oninitialized = () => {
        if (server.getClientVersion()?.name !== CLIENT) return;
        sendNotices(
          lab,
          closed.signal,
          (params) => server.notification({ method: `notifications/${CHANNEL}`, params }),
        )
          .catch((error) => console.error(`The channel ended: ${error}`));
      };
    },
  };
}

/** Sends each notice with its number, kind and run, until the signal aborts. */
async function sendNotices(
  lab: Lab,
  signal: AbortSignal,
  send: (params: Record<string, unknown>) => Promise<void>,
): Promise<void> {
  for await (const { id, kind, runId, message } of lab.notices({ endless: true, signal })) {
    await send({ content: message, meta: { event: String(id), kind, run: runId ?? "" } });
  }
}
