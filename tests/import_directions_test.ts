import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readImportGraph, relativeImports, violations } from "./import_directions.ts";

const graph = (imports: Record<string, string[]>) => new Map(Object.entries(imports));

Deno.test("imports of this repository point one way, through the doors, without circles", () => {
  const imports = readImportGraph(fileURLToPath(new URL("..", import.meta.url)));
  assert.ok(imports.get("data/mod.ts")?.includes("data/load.ts"), "the imports were read");
  assert.ok(imports.get("data/load.ts")?.includes("engine/host/mod.ts"), "the imports were read");
  assert.deepEqual(violations(imports), []);
});

Deno.test("relativeImports() finds every form of import, and no others", () => {
  // One string a line, so that this file's own imports are not mistaken for them.
  const source = [
    `import "./effect.ts";`,
    `import a from "./default.ts";`,
    `import type { B } from "./type.ts";`,
    "import {",
    "  c,",
    "  type D,",
    `} from "../several/lines.ts";`,
    "import * as all from '../namespace.ts';",
    `export * from "./everything.ts";`,
    `export { e } from "./named.ts";`,
    "export const f = 1;",
    `const lazy = await import("./dynamic.ts");`,
    `type G = import("./inline_type.ts").G;`,
    `import { join } from "node:path";`,
    `import zod from "zod";`,
    `import configuration from "../deno.json" with { type: "json" };`,
    `const text = 'a sentence from "./nowhere.ts"';`,
    `export const g = "./not_an_import.ts";`,
  ].join("\n");
  assert.deepEqual(relativeImports(source), [
    "./effect.ts",
    "./default.ts",
    "./type.ts",
    "../several/lines.ts",
    "../namespace.ts",
    "./everything.ts",
    "./named.ts",
    "./dynamic.ts",
    "./inline_type.ts",
  ]);
});

Deno.test("violations() passes what points down, inside a folder, and from tests", () => {
  assert.deepEqual(
    violations(graph({
      "main.ts": ["tools/mod.ts", "web/mod.ts", "engine/mod.ts"],
      "tools/train.ts": ["tools/define.ts", "experiments/mod.ts"],
      "tools/cli/train.ts": ["tools/define.ts"],
      "web/mod.ts": ["journal/mod.ts"],
      "models/image/unet.ts": ["models/diffusion/mod.ts", "models/layers/mod.ts"],
      "engine/compiled.ts": ["engine/host/mod.ts", "engine/onnx/session.ts"],
      "engine/mod.ts": ["engine/compiled.ts"],
      "engine/host/mod.ts": ["engine/host/random.ts"],
      "data/load.ts": ["engine/host/mod.ts"],
      "models/layers/mod.ts": [],
      "tests/engine/random_test.ts": ["engine/host/random.ts"],
    })),
    [],
  );
});

Deno.test("violations() names an upward arrow", () => {
  const found = (from: string, to: string) => violations(graph({ [from]: [to] }));
  const cases: [string, string, string][] = [
    ["engine/trace.ts", "models/image/mod.ts", "models is above engine"],
    ["data/load.ts", "experiments/mod.ts", "experiments is above data"],
    ["experiments/lab.ts", "figures/mod.ts", "figures is above experiments"],
    ["figures/chart.ts", "journal/mod.ts", "journal is above figures"],
    ["journal/entry.ts", "tools/mod.ts", "tools is above journal"],
    ["web/layout.tsx", "main.ts", "main.ts is above web"],
    ["engine/mod.ts", "tests/helpers.ts", "tests is above engine"],
    ["tools/mod.ts", "web/mod.ts", "tools and web stand side by side"],
    ["data/mod.ts", "models/image/mod.ts", "data and models stand side by side"],
    [
      "models/diffusion/sample.ts",
      "models/image/mod.ts",
      "models/diffusion/ must not know models/image/",
    ],
    [
      "models/diffusion/sample.ts",
      "models/text/mod.ts",
      "models/diffusion/ must not know models/text/",
    ],
    [
      "engine/mod.ts",
      "helpers/mod.ts",
      "helpers is in no layer, place it in tests/import_directions.ts",
    ],
  ];
  for (const [from, to, reason] of cases) {
    assert.deepEqual(found(from, to), [`${from} imports ${to}: ${reason}`]);
  }
});

Deno.test("violations() names the door that was walked around, the innermost one first", () => {
  const found = violations(graph({
    "engine/mod.ts": [],
    "engine/host/mod.ts": [],
    "data/load.ts": ["engine/trace.ts", "engine/host/errors.ts", "engine/onnx/session.ts"],
    "engine/trace.ts": ["engine/host/errors.ts"],
  }));
  assert.deepEqual(found, [
    "data/load.ts imports engine/trace.ts: the door is engine/mod.ts",
    "data/load.ts imports engine/host/errors.ts: the door is engine/host/mod.ts",
    "data/load.ts imports engine/onnx/session.ts: the door is engine/mod.ts",
    "engine/trace.ts imports engine/host/errors.ts: the door is engine/host/mod.ts",
  ]);
});

Deno.test("violations() shows a circle with every file on it, and one of a file with itself", () => {
  const found = violations(graph({
    "data/start.ts": ["data/a.ts"],
    "data/a.ts": ["data/b.ts", "data/leaf.ts"],
    "data/b.ts": ["data/c.ts", "data/leaf.ts"],
    "data/c.ts": ["data/a.ts"],
    "data/self.ts": ["data/self.ts"],
  }));
  assert.deepEqual(found, [
    "circle: data/a.ts -> data/b.ts -> data/c.ts -> data/a.ts",
    "circle: data/self.ts -> data/self.ts",
  ]);
});

Deno.test("violations() finds folders that import each other though their files do not", () => {
  assert.deepEqual(
    violations(graph({
      "experiments/image/a.ts": ["experiments/run/b.ts"],
      "experiments/run/b.ts": [],
      "experiments/run/c.ts": ["experiments/image/d.ts"],
      "experiments/image/d.ts": [],
      "experiments/lab.ts": ["experiments/run/c.ts"],
    })),
    ["circle of folders: experiments/image -> experiments/run -> experiments/image"],
  );
});
