/** Plays a conversation with our server through an assistant's command line. */
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { removeFolder, stopTraining } from "../experiments/workspace.ts";
import type { Assistant, ServerCommand, Setting } from "./assistants/mod.ts";
import type { Conversation } from "./conversation.ts";
import type { ListedTool } from "./model_apis/mod.ts";
import { type Asked, startModel } from "./scripted_model.ts";
import { type Played, Speaker } from "./speaking.ts";

export interface PlayOptions {
  /** Names of the server's tools. */
  readonly tools: readonly string[];
  /** Folder with the assistant's programs. */
  readonly programs: string;
  /** Deno's cache folder for the server, by default that of this program. */
  readonly denoDir?: string | undefined;
  readonly limitSeconds: number;
  /** Is told the workspace before the assistant is started. */
  readonly onWorkspace?: ((workspace: string) => void) | undefined;
  /** What the person says (default: that the script is to be played). */
  readonly words?: string | undefined;
}

/** What came of it. */
export interface Playback {
  /** The server's tools as they were listed when the conversation began. */
  readonly tools: readonly ListedTool[];
  /** Milliseconds until then since the assistant was started; undefined if it never came to that. */
  readonly after: number | undefined;
  /** The calls that were made, and what the model got for each: nothing where undefined. */
  readonly played: readonly Played[];
  /** Whether the conversation came to its end. */
  readonly ended: boolean;
  /** Requests to the model, without those that the assistant made for itself. */
  readonly asked: readonly Asked[];
  /** What the assistant printed. */
  readonly output: string;
}

/** Plays a conversation in a new home folder, which is removed afterwards. */
export async function play(
  assistant: Assistant,
  conversation: Conversation,
  options: PlayOptions,
): Promise<Playback> {
  const home = await Deno.makeTempDir({ prefix: "textdiffusion-assistant-" });
  const workspace = join(home, "workspace");
  const speaker = new Speaker(assistant, conversation, options.tools);
  const model = startModel(assistant.api, (heard) => speaker.next(heard));
  try {
    const server = serverCommand(workspace, options.denoDir ?? await ownDenoDir());
    const words = options.words ?? "Play the script";
    const setting = { home, modelUrl: model.url, server, words };
    await furnish(assistant, setting);
    options.onWorkspace?.(workspace);
    const output = await run(assistant, setting, options);
    const { tools, openings, played, ended } = speaker;
    return {
      tools,
      after: model.asked[openings]?.after,
      played,
      ended,
      asked: model.asked,
      output,
    };
  } finally {
    await model.close();
    await stopTraining(workspace);
    await removeFolder(home);
  }
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

async function ownDenoDir(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return (JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: string }).denoDir;
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
