/**
 * The runs that each client has started, so that "latest" means a client's own newest run where several
 * assistants share a workspace.
 */
import type { McpServer, ServerContext } from "@modelcontextprotocol/server";
import { orUndefined } from "../engine/host/mod.ts";
import type { Lab } from "../experiments/mod.ts";

/** Clients that are remembered. */
const MAX_CLIENTS = 200;

export class RunsByClient {
  readonly #lab: Lab;
  /** By client, the one that started something last at the end; newest runs first. */
  readonly #runs = new Map<string, readonly string[]>();

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** Remembers what a client has started or gone on with. */
  add(client: string, ids: readonly string[]): void {
    const before = this.#runs.get(client) ?? [];
    this.#runs.delete(client);
    this.#runs.set(client, [...ids.toReversed(), ...before].slice(0, 100));
    const [oldest] = this.#runs.keys();
    if (this.#runs.size > MAX_CLIENTS) this.#runs.delete(oldest!);
  }

  /**
   * The arguments of a call with the client's own newest run in the place of "latest". A client that has
   * started none keeps the word, which then means the newest of all.
   *
   * @param needsWeights Whether only runs with a checkpoint will do.
   */
  resolveLatest<Input>(client: string, input: Input, needsWeights: boolean): Input {
    const own = this.#latest(client, needsWeights);
    if (own === undefined || typeof input !== "object" || input === null) return input;
    const replaced = (value: unknown) => value === "latest" ? own : value;
    const fields = Object.entries(input).map(([field, value]) => {
      if (!REFERENCES.includes(field)) return [field, value];
      return [field, Array.isArray(value) ? value.map(replaced) : replaced(value)];
    });
    return Object.fromEntries(fields) as Input;
  }

  #latest(client: string, needsWeights: boolean): string | undefined {
    const ids = this.#runs.get(client) ?? [];
    const hasWeights = (id: string) =>
      orUndefined(() => this.#lab.run(id).checkpointStep !== null) ?? false;
    return needsWeights ? ids.find(hasWeights) : ids[0];
  }
}

/** Fields of requests that name runs. */
const REFERENCES: readonly string[] = ["run", "runs", "resume"];

/**
 * What tells a client from others: its session, or what it says of itself with every request. Over
 * stdio a server has one client.
 */
export function clientKey(server: McpServer, { sessionId, http }: ServerContext): string {
  return sessionId ?? (http ? JSON.stringify(server.server.getClientVersion() ?? null) : "stdio");
}
