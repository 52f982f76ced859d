import assert from "node:assert/strict";
import configuration from "../deno.json" with { type: "json" };
import { parseWith } from "../engine/host/mod.ts";
import { compareRunsTool } from "../tools/compare_runs.ts";
import { evaluateTool } from "../tools/evaluate.ts";
import { inspectRunTool } from "../tools/inspect_run.ts";
import { readJournalTool } from "../tools/read_journal.ts";
import { sampleTool } from "../tools/sample.ts";
import { trainTool } from "../tools/train.ts";
import { writeJournalTool } from "../tools/write_journal.ts";

const root = new URL("../", import.meta.url);
const skill = await Deno.readTextFile(new URL(".claude/skills/textdiffusion/SKILL.md", root));
const readme = await Deno.readTextFile(new URL("README.md", root)) + skill;

/** Every match's first group, once. */
function named(pattern: RegExp): string[] {
  return [...new Set([...readme.matchAll(pattern)].map((match) => match[1]!))];
}

/** Tools of which the README or the skill shows a call. */
const shown = [
  compareRunsTool,
  evaluateTool,
  inspectRunTool,
  readJournalTool,
  sampleTool,
  trainTool,
  writeJournalTool,
];

Deno.test("every call that the README and the skill show is accepted by its tool", () => {
  const calls = [...readme.matchAll(/(?<=^|`)([a-z-]+) (\{.*?\})(?=`|$)/gm)];
  assert.ok(calls.length >= 10, calls.join("\n"));
  for (const [call, name, args] of calls) {
    const tool = shown.find((one) => one.name === name);
    assert.ok(tool, call);
    parseWith(tool.input, JSON.parse(args!));
  }
});

Deno.test("the skill's front matter is what Claude Code reads", () => {
  assert.match(skill, /^---\nname: textdiffusion\ndescription: .{100,1024}\n---\n/);
});

Deno.test("every task that the README names exists", () => {
  const tasks = Object.keys(configuration.tasks);
  const names = [...named(/deno task ([a-z]+(?::[a-z]+)?)/g), ...named(/`([a-z]+:[a-z]+)`/g)];
  assert.ok(names.includes("demo") && names.includes("test"));
  for (const name of names) assert.ok(tasks.includes(name), `there is no task ${name}`);
});

Deno.test("every file and folder that the README names exists", async () => {
  const paths = [
    ...named(/\]\(([^):]+)\)/g),
    ...named(/^ {4}([a-z]+(?:\/|\.ts)) /gm),
    ...named(/`([a-z_]+\/[a-z_/]*\.ts|[a-z]+\/)`/g),
  ];
  assert.ok(paths.length >= 10, paths.join(" "));
  for (const path of paths) await Deno.stat(new URL(path, root));
});
