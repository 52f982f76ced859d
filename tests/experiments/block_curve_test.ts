import assert from "node:assert/strict";
import { blockCurve, resolveConfig } from "../../experiments/mod.ts";
import { shortConfig } from "./workspace.ts";

Deno.test("the curve over block sizes has a point for each size that was validated", () => {
  const config = resolveConfig("shakespeare-tiny", { method: "blocks", context: 32 });
  const latest = {
    nats_block_1: 1.5,
    nats_block_4: 2,
    nats_block_full: 2.25,
    nats_block_4_error: 0.01,
  };
  assert.deepEqual(blockCurve({ config, latest }), [
    { blockSize: 1, nats: 1.5, standardError: null },
    { blockSize: 4, nats: 2, standardError: 0.01 },
    { blockSize: 32, nats: 2.25, standardError: null },
  ]);
  assert.deepEqual(blockCurve({ config, latest: {} }), []);
  assert.deepEqual(blockCurve({ config: shortConfig(), latest: { denoising_mse: 0.1 } }), []);
});
