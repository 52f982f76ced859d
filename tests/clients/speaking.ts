/** Puts a conversation into an assistant's names and manners, and notes what it is answered. */
import { type Assistant, SERVER } from "./assistants/mod.ts";
import { type Conversation, READ_RESOURCE, type ScriptedCall } from "./conversation.ts";
import type { ListedTool, NamedCall, ToolResult } from "./model_apis/mod.ts";
import type { Heard } from "./scripted_model.ts";

export interface Played {
  readonly call: ScriptedCall;
  readonly result: ToolResult | undefined;
}

/** Turns that the model spends at most on having the tools listed. */
const MOST_OPENINGS = 6;

export class Speaker {
  readonly #assistant: Assistant;
  readonly #conversation: Conversation;
  readonly #wanted: readonly string[];
  /** Calls of the last turn; undefined before the conversation begins. */
  #asked: readonly ScriptedCall[] | undefined;
  readonly played: Played[] = [];
  ended = false;
  /** Turns before the conversation. */
  openings = 0;
  /** The server's tools, as they were listed when the conversation began. */
  tools: readonly ListedTool[] = [];

  /** @param tools - Names of the server's tools. */
  constructor(assistant: Assistant, conversation: Conversation, tools: readonly string[]) {
    this.#assistant = assistant;
    this.#conversation = conversation;
    this.#wanted = tools;
  }

  /** What the model calls after it heard this. */
  async next(heard: Heard): Promise<readonly NamedCall[]> {
    if (this.#asked) return await this.#goOn(this.#asked, heard);
    return this.#open(heard) ?? await this.#begin(heard);
  }

  /** Asks for the tools that are not listed yet, where the assistant has a way to do so. */
  #open({ tools }: Heard): readonly NamedCall[] | undefined {
    const { opening, toolName } = this.#assistant;
    const listed = new Set(tools.map((tool) => tool.name));
    const missing = this.#wanted.filter((tool) => !listed.has(toolName(tool)));
    if (!opening || missing.length === 0 || this.openings === MOST_OPENINGS) return undefined;
    this.openings++;
    return opening(missing);
  }

  async #begin({ tools }: Heard): Promise<readonly NamedCall[]> {
    this.tools = tools.filter((tool) => tool.name.includes(SERVER));
    return await this.#say([]);
  }

  async #goOn(
    asked: readonly ScriptedCall[],
    { results }: Heard,
  ): Promise<readonly NamedCall[]> {
    if (this.ended) return [];
    const answers = asked.map((call, i) => ({ call, result: results[i] }));
    this.played.push(...answers);
    return await this.#say(results);
  }

  async #say(heard: Heard["results"]): Promise<readonly NamedCall[]> {
    const { value, done } = await this.#conversation.next(heard);
    this.ended = done === true;
    this.#asked = value ?? [];
    return this.#asked.map((call) => this.#named(call));
  }

  #named(call: ScriptedCall): NamedCall {
    const { toolName, habit, readResource } = this.#assistant;
    if (call.tool === READ_RESOURCE) return readResource!(String(call.args.uri));
    return { name: toolName(call.tool), args: habit?.(call) ?? call.args };
  }
}
