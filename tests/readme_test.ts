/** What the README and the pages under docs/ name is there. */
import assert from "node:assert/strict";
import configuration from "../deno.json" with { type: "json" };

const root = new URL("../", import.meta.url);
const NAMES = [
  "README.md",
  "docs/diffusion.md",
  "docs/training.md",
  "docs/assistants.md",
  "docs/code.md",
];
const pages = await Promise.all(NAMES.map(async (name) => {
  const url = new URL(name, root);
  return { name, url, text: await Deno.readTextFile(url) };
}));

/** Every match's first group in a text, once. */
function named(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1]!))];
}

Deno.test("every task that the README and its pages name exists", () => {
  const text = pages.map(({ text }) => text).join("\n");
  const tasks = Object.keys(configuration.tasks);
  const names = [
    ...named(text, /deno task ([a-z]+(?::[a-z]+)?)/g),
    ...named(text, /`([a-z]+:[a-z]+)`/g),
  ];
  assert.ok(names.includes("demo") && names.includes("test"));
  for (const name of names) assert.ok(tasks.includes(name), `there is no task ${name}`);
});

Deno.test("every file and folder that the README and its pages name exists", async () => {
  for (const { name, url, text } of pages) {
    const links = named(text, /\]\(([^):]+)\)/g).map((path) => new URL(path, url));
    const paths = [
      ...named(text, /^ {4}([a-z]+(?:\/|\.ts)) /gm),
      ...named(text, /`([a-z_]+\/[a-z_/]*\.ts|[a-z]+\/)`/g),
    ].map((path) => new URL(path, root));
    assert.ok(links.length + paths.length > 0, name);
    for (const path of [...links, ...paths]) await Deno.stat(path);
  }
});
