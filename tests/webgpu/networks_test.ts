import { openEngine } from "../../engine/mod.ts";
import { assertSameStep, networks } from "./networks.ts";

const cpu = await openEngine({ device: "cpu" });
const gpu = await openEngine({ device: "webgpu" });

for (const [name, config] of Object.entries(networks)) {
  Deno.test(`loss and gradients on WebGPU are the CPU's: ${name}`, () =>
    assertSameStep(gpu, cpu, config));
}
