/** What the player needs to know of an assistant's command line. */
import type { ModelApi, NamedCall } from "../model_apis/mod.ts";

/** The name that our server has in every assistant's configuration. */
export const SERVER = "textdiffusion";

/** A call of one of our tools, under our own name for it. */
export interface ToolCall {
  readonly tool: string;
  readonly args: NamedCall["args"];
}

/** The command that starts our server. */
export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Setting {
  /** The assistant's home folder; it works in the folder `project` of it. */
  readonly home: string;
  /** Address of the scripted model, without a slash at its end. */
  readonly modelUrl: string;
  readonly server: ServerCommand;
  /** What the person says. */
  readonly words: string;
}

export interface Assistant {
  readonly title: string;
  /** The package of the npm registry, and the version that is played. */
  readonly package: string;
  readonly version: string;
  /** The program that the package brings. */
  readonly program: string;
  readonly api: ModelApi;
  /** Whether its model is shown the pictures of a result. */
  readonly showsPictures: boolean;
  /** Bytes that it adds to the declaration of each tool by itself. */
  readonly addedBytes?: number;
  /** The name under which its model knows one of our tools. */
  toolName(tool: string): string;
  /** Files to be written into the home folder, by path. */
  files(setting: Setting): Readonly<Record<string, string>>;
  environment(setting: Setting): Readonly<Record<string, string>>;
  /** What the program is given so that it plays with its model alone, and then ends. */
  args(setting: Setting): readonly string[];
  /** What its model must call, if our tools are not listed to it from the start, to have them. */
  opening?(tools: readonly string[]): readonly NamedCall[];
  /** How it or its model writes arguments otherwise than one would expect. */
  habit?(call: ToolCall): ToolCall["args"];
  /** How its model reads a resource of ours; undefined where it cannot. */
  readResource?(uri: string): NamedCall;
  /** Whether it reads only resources that are listed, and not those of a template (default false). */
  readonly readsListedOnly?: boolean;
  /** What a person types to call one of our prompts; undefined where the assistant has none. */
  promptWords?(name: string, args: Readonly<Record<string, string>>): string;
  /** Takes the text of a result out of what the assistant wraps around it. */
  unwrap?(text: string): string;
}

/** The form of configuration that most assistants share. */
export function mcpServers(
  { server }: Setting,
  more: Readonly<Record<string, unknown>> = {},
): { readonly mcpServers: Readonly<Record<string, unknown>> } {
  return { mcpServers: { [SERVER]: { ...server, ...more } } };
}
