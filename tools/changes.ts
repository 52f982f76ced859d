/**
 * Notices that something changed in a workspace, whichever process changed it: lists of resources, and
 * resources that a client subscribed to. The store is only looked at while somebody listens.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { McpServer, ServerEvent, ServerEventBus } from "@modelcontextprotocol/server";
import { orUndefined } from "../engine/host/mod.ts";
import type { Lab, LabEvent } from "../experiments/mod.ts";
import { curvesUri, JOBS_URI, JOURNAL_URI, RUNS_URI, runUri } from "./links.ts";
import { taskUri } from "./task_notices.ts";
import type { ServerExtension } from "./server.ts";

/** Interval of polling the store, and the shortest between two notices of a resource. */
const POLL_MS = 1000;
/** Shortest interval between two notices of a changed list, since clients read the whole list again. */
const LIST_MS = 3000;

type Level = "info" | "notice" | "warning";

/** Events of runs that a client's log shows, and how much they matter. */
const LOGGED: Partial<Record<LabEvent["kind"], Level>> = {
  "run-queued": "info",
  "run-started": "info",
  "run-ended": "notice",
  "run-leads": "notice",
  "run-warned": "warning",
  "job-ended": "notice",
  "checkpoint-damaged": "warning",
};

/** Events with which a training, as a task, passes to another state. */
const TRANSITIONS: readonly LabEvent["kind"][] = ["run-queued", "run-started", "run-ended"];

/** Something that happened to a run, for a client's log. */
interface Logged {
  readonly level: Level;
  readonly message: string;
  readonly runId: string | null;
}

/** The changes of one workspace; as a bus it serves every `subscriptions/listen` stream. */
export interface Changes extends ServerEventBus {
  /** Listens to the events that belong into a log; returns a function that ends it. */
  subscribeLog(listener: (logged: Logged) => void): () => void;
  close(): void;
}

/** The changes of a laboratory's workspace, and of its journal's folder. */
export function changesOf(
  lab: Pick<Lab, "events" | "find" | "workspace">,
  { pollMs = POLL_MS, listMs = LIST_MS } = {},
): Changes {
  const listeners = new Set<(event: ServerEvent) => void>();
  const logListeners = new Set<(logged: Logged) => void>();
  let timer: ReturnType<typeof setInterval> | undefined;
  let lastId = 0;
  let journal = 0;
  let listedAt = 0;
  let listIsDue = false;

  const publish = (event: ServerEvent) => {
    for (const listener of [...listeners]) listener(event);
  };
  const updated = (uri: string) => publish({ kind: "resource_updated", uri });

  function look(): void {
    const events = lab.events({ after: lastId });
    lastId = events.at(-1)?.id ?? lastId;
    const uris = new Set(
      events.flatMap((event) => [...changedBy(event), ...tasksOf(event, lab).map(taskUri)]),
    );
    for (const { kind, message, runId } of events) {
      const level = LOGGED[kind];
      if (level) { for (const listener of [...logListeners]) listener({ level, message, runId }); }
    }
    listIsDue ||= events.some(({ kind }) => kind === "run-queued" || kind === "sample-made");
    const written = journalStamp(lab.workspace);
    if (written !== journal) {
      journal = written;
      listIsDue = true;
      uris.add(JOURNAL_URI);
    }
    uris.forEach(updated);
    if (listIsDue && Date.now() - listedAt >= listMs) {
      listIsDue = false;
      listedAt = Date.now();
      publish({ kind: "resources_list_changed" });
    }
  }

  function listen<Listener>(set: Set<Listener>, listener: Listener): () => void {
    set.add(listener);
    if (timer === undefined) {
      lastId = lab.events().at(-1)?.id ?? 0;
      journal = journalStamp(lab.workspace);
      timer = setInterval(() => {
        try {
          look();
        } catch (error) {
          console.error("Changes are not noticed:", error);
        }
      }, pollMs);
      // Listening alone must not keep a process alive.
      Deno.unrefTimer(timer as unknown as number);
    }
    return () => {
      set.delete(listener);
      if (listeners.size + logListeners.size === 0) stop();
    };
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    publish,
    subscribe: (listener) => listen(listeners, listener),
    subscribeLog: (listener) => listen(logListeners, listener),
    close: stop,
  };
}

/** Addresses of what an event changed. */
function changedBy({ runId, kind }: LabEvent): string[] {
  if (runId === null) return [];
  if (kind === "job-ended") return [JOBS_URI, runUri(runId)];
  const curves = ["csv", "json", "svg"].map((format) => curvesUri(runId, format));
  return [RUNS_URI, runUri(runId), ...curves];
}

/** Ids of the tasks whose state an event changed. */
function tasksOf({ kind, message, runId }: LabEvent, lab: Pick<Lab, "find">): string[] {
  if (kind === "job-ended") return message.match(/^job-\d+/) ?? [];
  if (runId === null || !TRANSITIONS.includes(kind)) return [];
  // Events outlive runs that were deleted by hand.
  const runs = orUndefined(() => lab.find([runId])) ?? [];
  return runs.flatMap(({ id, sweepId }) => sweepId === null ? [id] : [id, sweepId]);
}

/** Changes whenever an entry is written, since entries are renamed into their folder; 0 without one. */
function journalStamp(workspace: string): number {
  return statSync(join(workspace, "journal"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * Sends changes over a connection that lasts: a session over HTTP, or stdio. A client of a 2025
 * revision is told of what it subscribed to by `resources/subscribe`; the SDK filters for later ones.
 */
export function sendChanges(mcp: McpServer, changes: Changes, era: "legacy" | "modern"): void {
  const { server } = mcp;
  const wanted = new Set<string>();
  server.setRequestHandler("resources/subscribe", ({ params }) => {
    wanted.add(params.uri);
    return {};
  });
  server.setRequestHandler("resources/unsubscribe", ({ params }) => {
    wanted.delete(params.uri);
    return {};
  });
  const quietly = (sending: Promise<void>) =>
    void sending.catch(() => {
      // The client is gone; the connection's own end will be noticed.
    });
  const stops: (() => void)[] = [];
  const start = () => {
    if (stops.length > 0) return;
    stops.push(
      changes.subscribe((event) => {
        if (event.kind === "resources_list_changed") quietly(server.sendResourceListChanged());
        if (event.kind !== "resource_updated") return;
        if (era === "legacy" && !wanted.has(event.uri)) return;
        quietly(server.sendResourceUpdated({ uri: event.uri }));
      }),
      changes.subscribeLog(({ level, message, runId }) => {
        if (era === "legacy") {
          const params = { level, logger: runId ?? "laboratory", data: message };
          quietly(server.sendLoggingMessage(params, server.transport?.sessionId));
        }
      }),
    );
  };
  if (era === "modern") start();
  else {
    const initialized = server.oninitialized;
    server.oninitialized = () => {
      initialized?.();
      start();
    };
  }
  const closed = server.onclose;
  server.onclose = () => {
    stops.splice(0).forEach((stop) => stop());
    closed?.();
  };
}

const CHANNEL = "claude/channel";
/** The name under which the client that has channels introduces itself. */
const CLIENT = "claude-code";

/**
 * A channel that carries the notices of the laboratory, each with its number, kind and run, while a client is
 * connected.
 */
export function noticeChannel(lab: Lab): ServerExtension {
  return {
    attach({ server }) {
      server.registerCapabilities({ experimental: { [CHANNEL]: {} } });
      const closed = new AbortController();
      server.onclose = () => closed.abort();
      server.oninitialized = async () => {
        if (server.getClientVersion()?.name !== CLIENT) return;
        try {
          const notices = lab.notices({ endless: true, signal: closed.signal });
          for await (const { id, kind, runId, message } of notices) {
            const meta = { event: String(id), kind, run: runId ?? "" };
            const params = { content: message, meta };
            await server.notification({ method: `notifications/${CHANNEL}`, params });
          }
        } catch (error) {
          console.error(`The channel ended: ${error}`);
        }
      };
    },
  };
}
