import assert from "node:assert/strict";
import { openEngine, type Program } from "../../engine/mod.ts";
import { compileStep, denoiser } from "../../models/steps/mod.ts";
import { imageNetwork } from "../../models/image/mod.ts";
import { initialParameters } from "../../models/layers/mod.ts";
import { blockStep } from "../engine/parity/attention_block.ts";
import { digitsStep } from "../engine/parity/digits.ts";
import { python } from "./python.ts";
import type { ImageSize } from "../../models/image/shape.ts";

/** What check_onnx.py reports. */
interface Report {
  readonly nodes: number;
  /** Nodes of whose results strict inference found type and shape. */
  readonly inferred: number;
  /** Operators of other domains than the standard one. */
  readonly operators: readonly string[];
  readonly inputs: Record<string, number[]>;
  readonly outputs: Record<string, number[]>;
}

const engine = await openEngine({ device: "cpu" });

async function check(model: Uint8Array): Promise<Report> {
  const path = await Deno.makeTempFile({ suffix: ".onnx" });
  try {
    await Deno.writeFile(path, model);
    return await python("check_onnx.py", path) as Report;
  } finally {
    await Deno.remove(path);
  }
}

const shapesOf = (signature: Program["inputs"]) =>
  Object.fromEntries(Object.entries(signature).map(([name, { shape }]) => [name, [...shape]]));

/** The official checker accepts the export, which says of itself what the program does. */
async function assertSound(program: Program): Promise<Report> {
  const report = await check(program.toOnnx());
  await program.dispose();
  assert.deepEqual(report.inputs, shapesOf(program.inputs));
  assert.deepEqual(report.outputs, shapesOf(program.outputs));
  assert.equal(report.inferred, report.nodes);
  // In particular none of com.microsoft.nchwc, whose blocks depend on the processor.
  const known = ["com.microsoft.FusedMatMul", "com.microsoft.QuickGelu"];
  assert.deepEqual(report.operators.filter((op) => !known.includes(op)), []);
  return report;
}

for (const size of ["tiny", "mini"] as const) {
  Deno.test(`the ${size} UNet's training step passes the ONNX checker`, async () => {
    const { fn, inputs } = await digitsStep(size, [2, 28, 28]);
    const report = await assertSound(await engine.compile(fn, inputs.signature));
    assert.ok(report.nodes > 500, `${report.nodes} nodes`);
  });

  Deno.test(`the ${size} UNet as a denoiser, weights included, passes the ONNX checker`, async () => {
    const report = await assertSound(await compileDenoiser(size));
    assert.ok(report.nodes > 100, `${report.nodes} nodes`);
  });
}

Deno.test("a transformer block's training step passes the ONNX checker", async () => {
  const { fn, inputs } = blockStep(12, 3, 2, 7);
  await assertSound(await engine.compile(fn, inputs.signature));
});

Deno.test("the checker refuses a damaged model", async () => {
  const program = await compileDenoiser("tiny");
  const model = program.toOnnx();
  await program.dispose();
  const name = new TextEncoder().encode("Conv");
  const at = model.findIndex((_, i) => name.every((byte, j) => model[i + j] === byte));
  model.set(new TextEncoder().encode("Comv"), at);
  await assert.rejects(check(model));
});

/** One denoising step for four images, with the weights as constants. */
async function compileDenoiser(size: ImageSize): Promise<Program> {
  const network = await imageNetwork(size);
  return await compileStep(engine, denoiser(network, "v", { guided: true }), {
    batch: 4,
    outputs: "concat",
    replicas: 1,
    weights: initialParameters(network.parameters, 1),
  });
}
