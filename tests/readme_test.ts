import assert from "node:assert/strict";
import configuration from "../deno.json" with { type: "json" };

const root = new URL("../", import.meta.url);
const readme = await Deno.readTextFile(new URL("README.md", root));

/** Every match's first group, once. */
function named(pattern: RegExp): string[] {
  return [...new Set([...readme.matchAll(pattern)].map((match) => match[1]!))];
}

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
