import assert from "node:assert/strict";
import fc from "fast-check";
import { inverse, permute, regroup, reshapeBeforeTranspose } from "../../../engine/graph/axes.ts";
import { sizeOf } from "../../../engine/graph/value.ts";

const shape = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 5 });
const permutation = shape.chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    perm: fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }),
  })
);

Deno.test("inverse() undoes permute()", () => {
  fc.assert(fc.property(permutation, ({ shape, perm }) => {
    assert.deepEqual(permute(permute(shape, perm), inverse(perm)), shape);
  }));
});

Deno.test("regroup() divides both shapes in order, into groups of equal element counts", () => {
  // Reshapes that merge all axes, and back, are the coarsest there are; the same shape the finest.
  const reshape = fc.tuple(shape, fc.boolean()).map(([shape, merge]) => ({
    from: shape,
    to: merge ? [sizeOf(shape)] : shape.flatMap((n) => n === 4 ? [2, 2] : [n]),
  }));
  fc.assert(fc.property(reshape, ({ from, to }) => {
    const groups = regroup(from, to);
    assert.deepEqual(groups.flatMap((group) => group.from), [...from.keys()]);
    assert.deepEqual(groups.flatMap((group) => group.to), [...to.keys()]);
    for (const group of groups) {
      assert.equal(sizeOf(permute(from, group.from)), sizeOf(permute(to, group.to)));
    }
  }));
});

Deno.test("regroup() finds the finest division", () => {
  assert.deepEqual(regroup([2, 3, 4], [6, 2, 2]), [
    { from: [0, 1], to: [0] },
    { from: [2], to: [1, 2] },
  ]);
});

Deno.test("reshapeBeforeTranspose() splits and merges what stays together, and nothing else", () => {
  // [n, c, h, w] seen as [n, h, w, c], then pixels merged: still one transposition of [n, c, h·w].
  assert.deepEqual(reshapeBeforeTranspose([2, 3, 4, 5], [0, 2, 3, 1], [2, 20, 3]), {
    shape: [2, 3, 20],
    perm: [0, 2, 1],
  });
  // Channels split into groups.
  assert.deepEqual(reshapeBeforeTranspose([2, 6, 4, 5], [0, 2, 3, 1], [2, 4, 5, 3, 2]), {
    shape: [2, 3, 2, 4, 5],
    perm: [0, 3, 4, 1, 2],
  });
  // Width and channels are neighbours only after the transposition.
  assert.equal(reshapeBeforeTranspose([2, 3, 4, 5], [0, 2, 3, 1], [2, 4, 15]), undefined);
});
