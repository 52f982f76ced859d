import assert from "node:assert/strict";
import { printGraph } from "./print.ts";
import { tf } from "../../../engine/mod.ts";
import { printed, traced } from "./traced.ts";

const x = [2, 3];

Deno.test("printGraph() shows inputs, operators with attributes and types, and outputs", () => {
  const graph = traced(
    { x, w: [3, 4] },
    ({ x, w }) => ({ y: tf.matMul(x, w), top: tf.sum(x) }),
  );
  assert.equal(
    printGraph(graph),
    `x: float32[2,3], w: float32[3,4]
%0 = Gemm(x, w) {transA: 0, transB: 0} : float32[2,4]
%1 = ReduceSum(x, [0 1]) {keepdims: 1} : float32[1,1]
%2 = Reshape(%1, []) : float32[]
-> y = %0, top = %2`,
  );
});

Deno.test("operators that change nothing vanish", () => {
  const identities: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
    "x − 0": (x) => tf.sub(x, tf.zerosLike(x)),
    "x · 1": (x) => tf.mul(x, 1),
    "1 · x": (x) => tf.mul(tf.ones([2, 3]), x),
    "x / 1": (x) => tf.div(x, 1),
    "x ^ 1": (x) => tf.pow(x, 1),
    "a clone": (x) => tf.clone(x),
    "a cast to its own type": (x) => tf.cast(x, "float32"),
    "a reshape there and back": (x) => tf.reshape(tf.reshape(x, [6]), [2, 3]),
    "two transpositions": (x) => tf.transpose(tf.transpose(x)),
    "no padding": (x) => tf.pad(x, [[0, 0], [0, 0]]),
    "the whole slice": (x) => tf.slice(x, [0, 0], [2, 3]),
    "one repetition": (x) => tf.tile(x, [1, 1]),
  };
  for (const [name, fn] of Object.entries(identities)) {
    assert.equal(printed({ x }, ({ x }) => fn(x)), "-> y = x", name);
  }
});

Deno.test("an identity that broadcasts leaves the broadcast", () => {
  assert.equal(
    printed({ x: [3] }, ({ x }) => tf.mul(x, tf.ones([2, 3]))),
    `%0 = Expand(x, [2 3]) : float32[2,3]
-> y = %0`,
  );
});

Deno.test("what is computed twice is computed once", () => {
  assert.equal(
    printed(
      { x, y: [3] },
      ({ x, y }) => ({
        sum: tf.add(tf.exp(x), y),
        product: tf.mul(tf.exp(tf.mul(x, 1)), y),
        again: tf.add(tf.exp(x), y),
      }),
    ),
    `%0 = Exp(x) : float32[2,3]
%1 = Add(%0, y) : float32[2,3]
%2 = Mul(%0, y) : float32[2,3]
-> sum = %1, product = %2, again = %1`,
  );
});

Deno.test("constants are folded, and 0 and −0 stay apart", () => {
  assert.equal(
    printed({ x }, ({ x }) => tf.mul(x, tf.sub(tf.mul(tf.scalar(3), 2), 4))),
    `%0 = Mul(x, [2]) : float32[2,3]
-> y = %0`,
  );
  assert.match(printed({ x }, ({ x }) => tf.div(x, tf.scalar(-0))), /Div\(x, \[0\]\)/);
  const graph = traced({ x }, ({ x }) => ({ a: tf.maximum(x, 0), b: tf.maximum(x, -0) }));
  assert.notEqual(graph.outputs.a!.node, graph.outputs.b!.node);
});

Deno.test("a chain of constant factors costs one pass", () => {
  assert.equal(
    printed(
      { x: [8, 9], row: [9] },
      ({ x, row }) => tf.mul(2, tf.mul(tf.mul(x, row), 3)),
    ),
    `%0 = Mul(x, row) : float32[8,9]
%1 = Mul(%0, [6]) : float32[8,9]
-> y = %1`,
  );
  assert.equal(
    printed({ x }, ({ x }) => tf.transpose(tf.mul(tf.transpose(tf.mul(x, 0.5)), 4))),
    `%0 = Mul(x, [2]) : float32[2,3]
-> y = %0`,
  );
});

Deno.test("nothing is simplified that could hide an infinity, a NaN or a sign", () => {
  const kept: Readonly<Record<string, readonly [(x: tf.Tensor) => tf.Tensor, RegExp]>> = {
    "x · 0 is NaN for infinities": [(x) => tf.mul(x, 0), /^%0 = Mul\(x, \[0\]\)/],
    "−0 + 0 is 0": [(x) => tf.add(x, 0), /^%0 = Add\(x, \[0\]\)/],
    "0 − 0 is 0": [(x) => tf.sub(0, x), /^%0 = Sub\(\[0\], x\)/],
    "a b overflows": [
      (x) => tf.mul(tf.mul(x, 1e30), 1e30),
      /Mul\(%0, \[1.0000000150474662e\+30\]\)/,
    ],
    "a b vanishes": [(x) => tf.mul(tf.mul(x, 1e-30), 1e-30), /Mul\(%0, /],
    "x · a overflows": [(x) => tf.mul(tf.mul(x, 4), 0.25), /Mul\(%0, \[0.25\]\)/],
    "Σx overflows": [(x) => tf.sum(tf.mul(x, 0.5)), /^%0 = Mul\(x, \[0.5\]\)/],
    "the root of −∞": [(x) => tf.pow(x, 0.5), /^%0 = Pow\(x, \[0.5\]\)/],
  };
  for (const [name, [fn, graph]] of Object.entries(kept)) {
    assert.match(printed({ x }, ({ x }) => fn(x)), graph, name);
  }
});

Deno.test("a sum of a broadcast is a product, and the broadcast is not carried out", () => {
  assert.equal(
    printed({ x: [3] }, ({ x }) => tf.sum(tf.tile(tf.reshape(x, [1, 3]), [5, 1]), 0)),
    `%0 = Reshape(x, [1 3]) : float32[1,3]
%1 = Mul(%0, [5]) : float32[1,3]
%2 = Reshape(%1, [3]) : float32[3]
-> y = %2`,
  );
});

Deno.test("dead operators are left out", () => {
  assert.equal(
    printed({ x, unused: [4] }, ({ x, unused }) => {
      tf.matMul(x, tf.exp(x), true);
      tf.sin(unused);
      return tf.neg(x);
    }),
    `%0 = Neg(x) : float32[2,3]
-> y = %0`,
  );
});

Deno.test("x·sigmoid(x) is one operator, another gate is not", () => {
  assert.equal(
    printed({ x }, ({ x }) => tf.mul(x, tf.sigmoid(x))),
    `%0 = QuickGelu(x) {alpha: 1} : float32[2,3]
-> y = %0`,
  );
  assert.match(printed({ x, y: x }, ({ x, y }) => tf.mul(x, tf.sigmoid(y))), /Sigmoid\(y\)/);
});

Deno.test("transposed operands are flags of the matrix product", () => {
  assert.equal(
    printed({ x, y: [4, 3] }, ({ x, y }) => tf.matMul(x, tf.transpose(y))),
    `%0 = Gemm(x, y) {transA: 0, transB: 1} : float32[2,4]
-> y = %0`,
  );
});
