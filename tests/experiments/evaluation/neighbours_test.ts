import assert from "node:assert/strict";
import { normals } from "../../../engine/host/mod.ts";
import { precisionRecall } from "../../../experiments/image/neighbours.ts";

/** Points 0, 1, 2 … times `step` on a line, from `start` on. */
function line(count: number, start: number, step = 1): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => start + i * step);
}

Deno.test("a set against itself has precision and recall 1", () => {
  const points = normals({ seed: 0, stream: "points", step: 0 }, 50 * 4);
  assert.deepEqual(precisionRecall(points, points, 4), { precision: 1, recall: 1 });
});

Deno.test("sets far apart have precision and recall 0", () => {
  assert.deepEqual(precisionRecall(line(20, 0), line(20, 1000), 1), { precision: 0, recall: 0 });
});

Deno.test("generating one mode of two costs recall and not precision", () => {
  const real = Float32Array.from([...line(20, 0), ...line(20, 1000)]);
  assert.deepEqual(precisionRecall(real, line(20, 0.25), 1), { precision: 1, recall: 0.5 });
});

Deno.test("a ball reaches to the third nearest neighbour, and no further", () => {
  // On a line the end point's third neighbour is 3 away, an inner point's 2.
  const real = line(10, 0);
  const at = (x: number) => Float32Array.of(x, 500, 600, 700);
  assert.equal(precisionRecall(real, at(-3), 1).precision, 0.25);
  assert.equal(precisionRecall(real, at(-3.01), 1).precision, 0);
});
