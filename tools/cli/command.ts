import type { OpenViewer } from "../http.ts";

/** What commands need of parts that they must not know. */
export interface Wiring {
  readonly openViewer: OpenViewer;
}

/** A command: takes its arguments and answers with the process's exit code. */
export type Command = (args: readonly string[], wiring: Wiring) => Promise<number>;
