import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

Deno.test("models/text/ and data/ load without TensorFlow.js", async () => {
  for (const door of ["models/text/mod.ts", "data/mod.ts"]) {
    const { stdout, success } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", fileURLToPath(new URL(`../../../${door}`, import.meta.url))],
    }).output();
    assert.ok(success);
    const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
      modules: { specifier: string }[];
    };
    const specifiers = modules.map(({ specifier }) => specifier);
    assert.ok(specifiers.some((specifier) => specifier.endsWith("engine/host/mod.ts")));
    assert.deepEqual(specifiers.filter((specifier) => /tensorflow|engine\/tf/.test(specifier)), []);
  }
});
