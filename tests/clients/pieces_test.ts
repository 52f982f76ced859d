/**
 * The pieces of work of `tests/work` through real assistants, their models being scripted: each of them makes its calls
 * as the assistant's command line does, and is held to the same end, calls and bytes before the model.
 *
 *     deno task test:clients [NAME...]
 */
import { parseArgs } from "node:util";
import { openLab } from "../../experiments/mod.ts";
import golden from "../tools/golden/tools.json" with { type: "json" };
import { type Answer, type Caller, currentClient, stdioCommand } from "../tools/clients.ts";
import { doPiece, PIECES } from "../work/pieces.ts";
import { type Assistant, ASSISTANTS } from "./assistants/mod.ts";
import type { ScriptedCall } from "./conversation.ts";
import { programsOf } from "./installing.ts";
import type { ToolResult } from "./model_apis/mod.ts";
import { play } from "./playing.ts";

/** Those that have a shell and so are used for work of this kind. */
const AT_WORK = ["claude", "codex", "gemini", "opencode"];
const LIMIT_SECONDS = 1800;
const TOOLS = golden.map((tool) => tool.name);

const { positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: { cold: { type: "boolean" }, keep: { type: "string" } },
});

interface Pending {
  readonly call: ScriptedCall;
  readonly answered: PromiseWithResolvers<Answer>;
}

/** A conversation whose calls are made by a program as it goes. */
class Talk {
  readonly #assistant: Assistant;
  readonly #waiting: Pending[] = [];
  #asked: Pending | undefined;
  #change = Promise.withResolvers<void>();
  /** Why no more calls are made. */
  #end: string | undefined;

  constructor(assistant: Assistant) {
    this.#assistant = assistant;
  }

  /** An MCP client that makes its calls through the assistant. */
  get caller(): Pick<Caller, "name" | "call"> {
    return {
      name: this.#assistant.title,
      call: (tool, args = {}) => {
        const answered = Promise.withResolvers<Answer>();
        if (this.#end === undefined) {
          this.#waiting.push({ call: { tool, args, says: [] }, answered });
          this.#change.resolve();
        } else answered.reject(new Error(this.#end));
        return answered.promise;
      },
    };
  }

  async *conversation(): AsyncGenerator<
    readonly ScriptedCall[],
    void,
    readonly (ToolResult | undefined)[]
  > {
    for (;;) {
      this.#asked = this.#waiting.shift();
      if (this.#asked) {
        const { call, answered } = this.#asked;
        const [result] = yield [call];
        if (result) answered.resolve(this.#answer(call, result));
        else answered.reject(new Error(`The model was given no result of ${call.tool}`));
      } else if (this.#end === undefined) {
        this.#change = Promise.withResolvers();
        await this.#change.promise;
      } else return;
    }
  }

  /** Ends the conversation; calls without an answer fail. */
  end(reason: string): void {
    this.#end ??= reason;
    for (
      const { answered } of [...this.#waiting.splice(0), ...(this.#asked ? [this.#asked] : [])]
    ) {
      answered.reject(new Error(this.#end));
    }
    this.#change.resolve();
  }

  #answer({ tool }: ScriptedCall, { text: wrapped, bytes }: ToolResult): Answer {
    const text = this.#assistant.unwrap?.(wrapped) ?? wrapped;
    // An error of ours begins with the tool's name.
    return { content: [{ type: "text", text }], bytes, isError: text.startsWith(`${tool}: `) };
  }
}

for (
  const name of AT_WORK.filter((name) => positionals.length === 0 || positionals.includes(name))
) {
  const assistant = ASSISTANTS[name]!;
  const { title, version } = assistant;
  Deno.test(`${title} ${version} does the pieces of work in few calls`, async (t) => {
    const programs = await programsOf(assistant);
    const talk = new Talk(assistant);
    const begun = Promise.withResolvers<string>();
    const playing = play(assistant, talk.conversation(), {
      ...{ tools: TOOLS, programs, limitSeconds: LIMIT_SECONDS, onWorkspace: begun.resolve },
    });
    playing.then(({ output }) => talk.end(output), begun.reject);
    const workspace = await begun.promise;
    const lab = openLab({ workspace });
    const another = () => currentClient("legacy", stdioCommand(workspace, "--no-viewer"));
    let [calls, bytes] = [0, 0];
    for (const piece of PIECES) {
      await t.step(piece.name, async () => {
        const work = await doPiece(piece, talk.caller, lab, another);
        [calls, bytes] = [calls + work.calls, bytes + work.bytes];
      });
    }
    lab.close();
    talk.end("The work is done");
    await playing;
    console.log(`${title}: ${PIECES.length} pieces of work took ${calls} calls and ${bytes} bytes`);
  });
}
