/**
 * Plays real assistants over `deno task mcp`, their models being scripted, and looks at what reaches
 * the model: every tool, and every answer as text.
 *
 *     deno task test:clients [NAME...] [--cold] [--keep DIR]
 *
 * Names choose among the assistants. With --cold the server starts with an empty Deno cache, as on
 * a machine that never ran it. With --keep what was put before each model is kept in a folder.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { removeFolder } from "../experiments/workspace.ts";
import golden from "../tools/golden/tools.json" with { type: "json" };
import { type Assistant, ASSISTANTS } from "./assistants/mod.ts";
import { assertAnswered, assertDeclared } from "./assertions.ts";
import {
  type Conversation,
  everything,
  PROMPTS,
  type Reading,
  type Script,
} from "./conversation.ts";
import { programsOf } from "./installing.ts";
import { play, type Playback } from "./playing.ts";

const LIMIT_SECONDS = 900;
/** How often an assistant is started anew where it knew of no prompts. */
const PROMPT_TRIES = 4;
const TOOLS = golden.map((tool) => tool.name);

const { values: options, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: { cold: { type: "boolean", default: false }, keep: { type: "string" } },
});

for (const name of positionals.length > 0 ? positionals : Object.keys(ASSISTANTS)) {
  const assistant = ASSISTANTS[name];
  if (!assistant) {
    const known = Object.keys(ASSISTANTS).join(", ");
    throw new Error(`There is no assistant ${name}: the assistants are ${known}`);
  }
  const { title, version } = assistant;
  Deno.test(`${title} ${version} gives its model every tool and every answer`, async (t) => {
    const programs = await programsOf(assistant);
    const played = (conversation: Conversation, words?: string) =>
      withDenoDir((denoDir) =>
        play(assistant, conversation, {
          ...{ tools: TOOLS, programs, denoDir, limitSeconds: LIMIT_SECONDS, words },
        })
      );
    const playback = await played(everything(readingOf(assistant)));
    if (options.keep) await keep(options.keep, name, playback);
    await t.step("it connects at the first attempt and lists every tool", () => {
      const listed = playback.tools.map((tool) => tool.name);
      const wanted = TOOLS.map((tool) => assistant.toolName(tool));
      assert.deepEqual(listed.toSorted(), wanted.toSorted(), playback.output);
    });
    await t.step("its declarations of the tools are small and whole", () => {
      assertDeclared(playback.tools, assistant.addedBytes ?? 0);
    });
    for (const { call, result } of playback.played) {
      await t.step(`${call.tool} ${JSON.stringify(call.args)}`, () => {
        assertAnswered(assistant, call, result);
      });
    }
    await t.step("the conversation comes to its end", () => {
      assert.ok(playback.ended, playback.output);
    });
    for (const { name: prompt, args, says } of assistant.promptWords ? PROMPTS : []) {
      await t.step(`the prompt ${prompt} reaches the model`, async () => {
        // An assistant that is not yet connected knows no prompts, and ends without asking its model.
        let told = "";
        for (let tries = 0; told === "" && tries < PROMPT_TRIES; tries++) {
          const { asked } = await played(silence(), assistant.promptWords!(prompt, args));
          told = asked.map(({ body }) => body).join("\n");
        }
        assert.match(told, says);
      });
    }
    console.log(summary(assistant, playback));
  });
}

function readingOf({ readResource, readsListedOnly }: Assistant): Reading {
  return readResource === undefined ? "none" : readsListedOnly ? "listed" : "all";
}

/** Of a model that calls nothing. */
function* silence(): Script {}

/** With --cold gives a new Deno cache for a while. */
async function withDenoDir<T>(use: (denoDir: string | undefined) => Promise<T>): Promise<T> {
  if (!options.cold) return await use(undefined);
  const denoDir = await Deno.makeTempDir({ prefix: "textdiffusion-deno-" });
  try {
    return await use(denoDir);
  } finally {
    await removeFolder(denoDir);
  }
}

/** What one sees of it in figures. */
function summary({ title }: Assistant, { after, tools, played }: Playback): string {
  const bytes = tools.reduce((sum, tool) => sum + tool.bytes, 0);
  const characters = played.reduce((sum, { result }) => sum + (result?.text.length ?? 0), 0);
  return `${title}: after ${((after ?? NaN) / 1000).toFixed(1)} s its model has ${tools.length} ` +
    `tools of ${bytes} bytes; ${played.length} answers have ${characters} characters`;
}

async function keep(folder: string, name: string, playback: Playback): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const text = JSON.stringify(playback, null, 2);
  await Deno.writeTextFile(join(folder, `${name}.json`), text);
}
