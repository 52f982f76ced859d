import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import process from "node:process";
import { classesIn, WEBGPU_OPERATORS } from "./webgpu_operators.ts";

const LIBRARY = new URL(
  `../bin/napi-v6/linux/${process.arch}/libonnxruntime.so.1`,
  import.meta.resolve("onnxruntime-node"),
);

Deno.test("the table of the WebGPU provider's operators is what its library has", () => {
  assert.ok(!("com.microsoft.FusedMatMul" in WEBGPU_OPERATORS));
  // The library of Linux on arm64 has no such provider, those of other systems name types otherwise.
  if (process.platform !== "linux" || process.arch !== "x64") return;
  assert.ok(existsSync(LIBRARY), `${LIBRARY}`);
  const classes = classesIn(Deno.readFileSync(LIBRARY));
  const missing = Object.values(WEBGPU_OPERATORS).filter((name) => !classes.has(name));
  assert.deepEqual(missing, []);
  assert.ok(!classes.has("com.microsoft.FusedMatMul") && !classes.has("FusedMatMul"));
});
