/** What the laboratory and a process that works for it say to each other, as JSON lines. */

/** On the process' standard output; on its input it gets its job as JSON. */
export type JobMessage =
  | {
    readonly type: "progress";
    readonly done: number;
    readonly total: number;
    readonly message: string;
  }
  /** The id of what was made. */
  | { readonly type: "result"; readonly id: string }
  | { readonly type: "error"; readonly mendable: boolean; readonly message: string };

const TYPES: readonly unknown[] = ["progress", "result", "error"];

/** The message in a line; null for anything else that a library may print. */
export function parseMessage(line: string): JobMessage | null {
  try {
    const value = JSON.parse(line);
    return TYPES.includes(value?.type) ? value as JobMessage : null;
  } catch {
    return null;
  }
}
