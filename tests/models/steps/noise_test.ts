import assert from "node:assert/strict";
import { normals, openEngine, tf } from "../../../engine/mod.ts";
import {
  compileStep,
  NOISE_STEP,
  perExampleInput,
  type Step,
  withDrawnNoise,
} from "../../../models/steps/mod.ts";

Deno.test("a step that draws its noise computes what it computes from the host's", async () => {
  const step: Step = {
    parameters: [],
    inputs: { x: perExampleInput([5]), eps: perExampleInput([5]) },
    apply: ({ x, eps }) => ({ y: tf.add(tf.mul(x!, 3), eps!) }),
  };
  const noise = { name: "eps", seed: 4_000_000_000, stream: "noise" };
  const drawing = withDrawnNoise(step, noise, 3);
  assert.deepEqual(Object.keys(drawing.inputs), ["x", NOISE_STEP]);
  const engine = await openEngine({ device: "cpu" });
  const program = await compileStep(engine, drawing, { batch: 3, outputs: "concat", replicas: 1 });
  const x = Float32Array.from({ length: 15 }, (_, i) => i / 15);
  for (const at of [0, 1, 2_000_000_000]) {
    const { y } = await program.run({ x, [NOISE_STEP]: Int32Array.of(at) });
    const eps = normals({ seed: noise.seed, stream: noise.stream, step: at }, 15);
    y!.forEach((value, i) => {
      const expected = 3 * x[i]! + eps[i]!;
      assert.ok(Math.abs(value - expected) < 5e-6, `step ${at}: ${value} and ${expected}`);
    });
  }
  await engine.dispose();
});
