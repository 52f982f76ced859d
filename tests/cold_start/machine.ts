/** A machine on which Deno's cache is empty, and the server's task as a client starts it there. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { folderBytes } from "../../tools/cli/packages.ts";

const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** Whether the npm registry can be reached. */
export type Network = "online" | "offline";

export interface Machine {
  readonly workspace: string;
  /** What is in Deno's cache, in bytes. */
  cacheBytes(): Promise<number>;
  /** A task of the project, as a client's configuration or a person's shell has it. */
  task(network: Network, name: string, ...args: readonly string[]): Command;
}

export interface Command {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
  /** For a client that starts it; its downloads are not what a test's output is for. */
  readonly stderr: "ignore";
}

/** Uses a machine whose cache and workspace are empty, and removes both. */
export async function onEmptyMachine(use: (machine: Machine) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "textdiffusion-" });
  const cache = join(folder, "deno");
  const workspace = join(folder, "workspace");
  await Deno.mkdir(cache);
  try {
    await use({
      workspace,
      cacheBytes: () => folderBytes(cache),
      task: (network, name, ...args) => ({
        command: Deno.execPath(),
        args: ["task", "--quiet", "--config", CONFIG, name, ...args],
        stderr: "ignore" as const,
        env: {
          ...Deno.env.toObject(),
          DENO_DIR: cache,
          TEXTDIFFUSION_WORKSPACE: workspace,
          NO_COLOR: "1",
          // Nobody listens on the discard port.
          ...(network === "offline"
            ? { HTTPS_PROXY: "http://127.0.0.1:9", HTTP_PROXY: "http://127.0.0.1:9" }
            : {}),
        },
      }),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export interface Outcome {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export async function outcomeOf({ command, args, env }: Command): Promise<Outcome> {
  const output = await new Deno.Command(command, { args, env, stdin: "null" }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { success: output.success, stdout: text(output.stdout), stderr: text(output.stderr) };
}

/** When a server answered, in milliseconds from the start of its process. */
export interface Answers {
  readonly initialize: number;
  readonly toolsList: number;
}

const MESSAGES = [
  {
    id: 1,
    method: "initialize",
    params: {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "test", version: "1" },
    },
  },
  { method: "notifications/initialized" },
  { id: 2, method: "tools/list", params: {} },
];

/**
 * Starts a server over stdio, asks it for its tools, and ends it.
 *
 * @throws {Error} If it prints anything but the two answers, or ends early; with what it printed.
 */
export async function timeAnswers({ command, args, env }: Command): Promise<Answers> {
  const begin = performance.now();
  const child = new Deno.Command(command, {
    args,
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  const writer = child.stdin.getWriter();
  const lines = MESSAGES.map((message) => JSON.stringify({ jsonrpc: "2.0", ...message }));
  await writer.write(new TextEncoder().encode(`${lines.join("\n")}\n`));
  const times: number[] = [];
  let rest = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    const [...answers] = (rest + chunk).split("\n");
    rest = answers.pop()!;
    for (const answer of answers) {
      if (JSON.parse(answer).id !== times.length + 1) throw new Error(`Unexpected: ${answer}`);
      times.push(performance.now() - begin);
    }
    if (times.length === 2) break;
  }
  await writer.close();
  await child.status;
  const [initialize, toolsList] = times;
  if (initialize === undefined || toolsList === undefined) {
    throw new Error(`The server ended without answering: ${await errors}`);
  }
  await errors;
  return { initialize, toolsList };
}
