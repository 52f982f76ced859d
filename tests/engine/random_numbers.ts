/** Random numbers of a compiled program beside the host's. */
import assert from "node:assert/strict";
import {
  dropout,
  type Engine,
  normals,
  randomNormal,
  randomUniform,
  type tf,
  uniforms,
} from "../../engine/mod.ts";

const SHAPE = [4, 3];

function noisy({ x, step }: Record<string, tf.Tensor>) {
  const shape = [x!.shape[0]!, ...SHAPE.slice(1)];
  return {
    uniform: randomUniform({ seed: 3, stream: "a", step: step! }, shape),
    normal: randomNormal({ seed: 3, stream: "b", step: step! }, shape),
    dropped: dropout(x!, 0.25, { seed: 3, stream: "c", step: step! }),
  };
}

/**
 * Checks that uniform numbers and dropout have the host's bits, and normal ones the host's digits.
 *
 * @param tolerance Of normal numbers, which the device computes in float32.
 */
export async function checkRandomNumbers(
  engine: Engine,
  { replicas = [1], tolerance }: {
    readonly replicas?: readonly number[];
    readonly tolerance: number;
  },
): Promise<void> {
  for (const count of replicas) {
    const program = await engine.compile(noisy, {
      x: { shape: SHAPE, dtype: "float32" },
      step: { shape: [], dtype: "int32" },
    }, { replicas: { count, split: ["x"], outputs: "concat" } });
    for (const step of [0, 1, 2]) {
      const outputs = await program.run({
        x: new Float32Array(12).fill(1),
        step: Int32Array.of(step),
      });
      const key = (stream: string) => ({ seed: 3, stream, step });
      assert.deepEqual(outputs.uniform, uniforms(key("a"), 12), `${count}`);
      const off = worstDifference(outputs.normal!, normals(key("b"), 12));
      assert.ok(off < tolerance, `${count}: normal numbers are off by up to ${off}`);
      const kept = uniforms(key("c"), 12).map((u) => u >= 0.25 ? 1 / 0.75 : 0);
      assert.deepEqual(outputs.dropped, kept);
    }
    await program.dispose();
  }
}

/** Many normal numbers of one key: how far the device's are from the host's at most. */
export async function worstNormal(engine: Engine, count: number): Promise<number> {
  const key = { seed: 2 ** 32 - 1, stream: "many", step: 7 };
  const program = await engine.compile(() => ({ normal: randomNormal(key, [count]) }), {});
  const { normal } = await program.run({});
  await program.dispose();
  return worstDifference(normal!, normals(key, count));
}

function worstDifference(actual: ArrayLike<number>, expected: Float32Array): number {
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - actual[i]!)), 0);
}
