/** Plays a conversation with our server through an assistant's command line. */
import { delimiter, dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openLab } from "../../experiments/mod.ts";
import { type Assistant, SERVER, type ServerCommand, type Setting } from "./assistants/mod.ts";
import type { Conversation, ScriptedCall } from "./conversation.ts";
import type { ListedTool, ToolResult } from "./model_apis/mod.ts";
import { type Asked, type Script, startModel } from "./scripted_model.ts";

export interface PlayOptions {
  /** Names of the server's tools. */
  readonly tools: readonly string[];
  /** Folder with the assistant's programs. */
  readonly programs: string;
  /** Deno's cache folder for the server. */
  readonly denoDir: string;
  readonly limitSeconds: number;
}

/** What came of it. */
export interface Playback {
  /** The calls that were made, and what the model got for each: nothing where undefined. */
  readonly played: readonly Played[];
  /** Whether the conversation came to its end. */
  readonly ended: boolean;
  /** The server's tools as they were listed to the model when it made its first call. */
  readonly tools: readonly ListedTool[];
  /** Requests to the model, without those that the assistant made for itself. */
  readonly asked: readonly Asked[];
  /** What the assistant printed. */
  readonly output: string;
}
export interface Played {
  readonly call: ScriptedCall;
  readonly result: ToolResult | undefined;
}

/** Plays a conversation in a new home folder, which is removed afterwards. */
export async function play(
  assistant: Assistant,
  conversation: Conversation,
  options: PlayOptions,
): Promise<Playback> {
  const home = await Deno.makeTempDir({ prefix: "textdiffusion-assistant-" });
  const workspace = join(home, "workspace");
  const notes: Notes = { played: [], ended: false };
  const model = startModel(assistant.api, inItsWords(assistant, conversation, options, notes));
  try {
    const server = serverCommand(workspace, options.denoDir);
    const setting = { home, modelUrl: model.url, server };
    await furnish(assistant, setting);
    const output = await run(assistant, setting, options);
    const first = model.asked[assistant.opening ? 1 : 0];
    const tools = first?.tools.filter(({ name }) => name.includes(SERVER)) ?? [];
    return { ...notes, tools, asked: model.asked, output };
  } finally {
    await model.close();
    await stopTraining(workspace);
    await removeHome(home);
  }
}

/** Retries, since the server and the assistant's helpers may still be on their way out. */
async function removeHome(home: string): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      return await Deno.remove(home, { recursive: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      if (tries === 40) throw error;
      await setTimeout(250);
    }
  }
}

interface Notes {
  readonly played: Played[];
  ended: boolean;
}

/** The conversation in the assistant's names and manners; notes what was answered. */
function* inItsWords(
  assistant: Assistant,
  conversation: Conversation,
  { tools }: PlayOptions,
  notes: Notes,
): Script {
  if (assistant.opening) yield assistant.opening(tools);
  let texts: readonly string[] = [];
  for (;;) {
    const { value: calls, done } = conversation.next(texts);
    if (done) break;
    const results = yield calls.map((call) => ({
      name: assistant.toolName(call.tool),
      args: assistant.habit?.(call) ?? call.args,
    }));
    const answers = calls.map((call, i) => ({ call, result: results[i] }));
    notes.played.push(...answers);
    texts = answers.map(({ result }) => result?.text ?? "");
  }
  notes.ended = true;
}

/** Variables that a machine may need to reach the npm registry. */
const NETWORK = [
  ...["SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "DENO_CERT", "DENO_TLS_CA_STORE"],
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "NPM_CONFIG_REGISTRY"],
];

/** Those of them that are set. */
function network(): Record<string, string> {
  return Object.fromEntries(NETWORK.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

/** The command of the README; assistants pass few variables on, so it gets its own. */
function serverCommand(workspace: string, denoDir: string): ServerCommand {
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  return {
    command: "deno",
    args: ["task", "--config", config, "mcp", "--workspace", workspace],
    env: { ...network(), DENO_DIR: denoDir },
  };
}

async function furnish(assistant: Assistant, setting: Setting): Promise<void> {
  await Deno.mkdir(join(setting.home, "project"));
  for (const [path, content] of Object.entries(assistant.files(setting))) {
    await Deno.mkdir(join(setting.home, dirname(path)), { recursive: true });
    await Deno.writeTextFile(join(setting.home, path), content);
  }
}

/** Runs the assistant to its end, with nothing of our environment but what it needs. */
async function run(
  assistant: Assistant,
  setting: Setting,
  { programs, limitSeconds }: PlayOptions,
): Promise<string> {
  const path = [programs, dirname(Deno.execPath()), Deno.env.get("PATH")].join(delimiter);
  const child = new Deno.Command(join(programs, assistant.program), {
    args: [...assistant.args(setting)],
    cwd: join(setting.home, "project"),
    clearEnv: true,
    env: {
      ...{ HOME: setting.home, PATH: path, TERM: "dumb" },
      ...network(),
      ...assistant.environment(setting),
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(limitSeconds * 1000),
  });
  const { code, signal, stdout, stderr } = await child.output();
  const printed = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  const end = signal ? `ended by ${signal}` : `exit code ${code}`;
  return [`${assistant.program}: ${end}`, ...printed].join("\n");
}

/** A worker outlives its server, and would go on writing into the folder. */
async function stopTraining(workspace: string): Promise<void> {
  const lab = openLab({ workspace });
  const stopped = lab.stop("all").map((run) => run.id);
  await lab.watch(stopped, { timeoutSeconds: 60 });
  lab.close();
}
