import assert from "node:assert/strict";
import { type Arrays, type Engine, openEngine } from "../../engine/mod.ts";
import { copyOf, distance, norm } from "../engine/parity/agreement.ts";
import { networks, type NetworkStep, networkStep } from "./networks.ts";

const cpu = await openEngine({ device: "cpu" });
const gpu = await openEngine({ device: "webgpu" });

async function outputsOn(engine: Engine, { fn, signature, arrays }: NetworkStep): Promise<Arrays> {
  const program = await engine.compile(fn, signature);
  const outputs = copyOf(await program.run(arrays));
  await program.dispose();
  return outputs;
}

for (const [name, config] of Object.entries(networks)) {
  Deno.test(`loss and gradients on WebGPU are the CPU's: ${name}`, async () => {
    const step = await networkStep(config);
    const expected = await outputsOn(cpu, step);
    const actual = await outputsOn(gpu, step);
    assert.deepEqual(Object.keys(actual), Object.keys(expected));
    const sizes = Object.values(expected).map(norm).sort((x, y) => x - y);
    const typical = sizes[sizes.length >> 1]!;
    for (const [output, values] of Object.entries(expected)) {
      // What a softmax ignores has a gradient of rounding alone: there are no digits to agree on.
      if (norm(values) < 1e-5 * typical) {
        assert.ok(norm(actual[output]!) < 1e-5 * typical, `${output} should vanish`);
        continue;
      }
      const off = distance(actual[output]!, values);
      assert.ok(off <= 1e-4, `${output} is off by ${off} of its norm`);
    }
  });
}
