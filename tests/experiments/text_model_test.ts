import { compileStateful, type Engine, normals, openEngine } from "../../engine/mod.ts";
import { networkOf } from "../../experiments/text/network.ts";
import { initialParameters } from "../../models/layers/mod.ts";
import { EMBEDDING_DIMENSION } from "../../models/text/mod.ts";
import { assertClose } from "../models/assert_close.ts";
import { resolveConfig } from "../../experiments/mod.ts";
import { textConfigOf } from "../../experiments/text/config.ts";
import { blocksModel, checkText, requests } from "./text_loops.ts";
import { textModel } from "../../experiments/text/model.ts";

Deno.test("a short block gets the same logits from a program for longer ones as from its own", async () => {
  const config = textConfigOf({
    id: "test",
    config: resolveConfig("shakespeare-tiny", { method: "blocks", context: 16 }),
  });
  const network = networkOf(config, 7);
  const parameters = initialParameters(network.parameters, 0);
  // Heads start at zero and would hide everything.
  for (const [name, { data }] of Object.entries(parameters)) {
    data.set(normals({ seed: 3, stream: name, step: 0 }, data.length).map((value) => 0.3 * value));
  }
  const engine = await openEngine({ device: "cpu" });
  const open = () => textModel(engine, network, config, parameters, { count: 2 });
  const [fresh, used] = [await open(), await open()];
  const block = (length: number) => ({
    z: normals({ seed: 1, stream: "z", step: 0 }, 2 * length * EMBEDDING_DIMENSION),
    previous: normals({ seed: 1, stream: "previous", step: 0 }, 2 * length * EMBEDDING_DIMENSION),
    gamma: 0.4,
    count: 2,
    length,
    before: Int32Array.of(1, 2, 3, 4, 5, 6),
    prefix: 3,
  });
  await used.denoise!(block(8));
  assertClose(await used.denoise!(block(5)), await fresh.denoise!(block(5)), { absolute: 1e-5 });
  await engine.dispose();
});

Deno.test("a network that carries out its loops writes what the host's loops write", async () => {
  const engine = await openEngine({ device: "cpu" });
  const resident: Engine = {
    ...engine,
    compileResident: (fn, inputs, state, options) =>
      compileStateful(engine, fn, inputs, state, { ...options, perExample: [], batch: 1 }),
  };
  const [model, hosted] = [await blocksModel(resident), await blocksModel(engine)];
  for (const request of Object.values(requests)) await checkText(model, hosted, request, 1e-4);
  await engine.dispose();
});
