import assert from "node:assert/strict";
import { BLOCKED_DOMAIN } from "../../../engine/graph/image_layout.ts";
import { liveNodes, type Node } from "../../../engine/graph/value.ts";
import { tf } from "../../../engine/mod.ts";
import { traced } from "./traced.ts";

const shapes = (channels: number) => ({
  x: [2, 6, 6, channels],
  w1: [3, 3, channels, channels],
  w2: [3, 3, channels, channels],
  bias: [channels],
  scale: [2, 1, 1, channels],
});

type Layers = Parameters<typeof traced>[1];

/** Convolution, then what a network puts between, then another. */
const between = (inner: (h: tf.Tensor, t: Record<string, tf.Tensor>) => tf.Tensor): Layers => (t) =>
  tf.conv2d(inner(tf.conv2d(t.x, t.w1, 1, "same"), t) as tf.Tensor4D, t.w2, 1, "same");

/** The live nodes that both lie behind the first convolution and before the last. */
function nodesBetween(nodes: readonly Node[]): Node[] {
  const convolutions = nodes.filter(({ op }) => op === "Conv");
  const behind = new Set<Node>([convolutions[0]!]);
  for (const node of nodes) {
    if (node.inputs.some((input) => input && behind.has(input.node))) behind.add(node);
  }
  const before = new Set<Node>([convolutions.at(-1)!]);
  for (const node of nodes.toReversed()) {
    if (before.has(node)) { for (const input of node.inputs) if (input) before.add(input.node); }
  }
  return nodes.filter((node) => behind.has(node) && before.has(node));
}

const networks: Readonly<Record<string, Layers>> = {
  "nothing": between((h) => h),
  "a bias": between((h, { bias }) => tf.add(h, bias!)),
  "a scale for each example and channel": between((h, { scale }) => tf.mul(h, scale!)),
  "an activation": between((h) => tf.mul(h, tf.sigmoid(h))),
  "a bias, a scale, a shift and an activation": between((h, { bias, scale }) =>
    tf.tanh(tf.add(tf.mul(tf.add(h, bias!), scale!), scale!))
  ),
  "a shortcut": between((h, { x }) => tf.add(h, tf.relu(x!))),
  "statistics over the image": between((h) => tf.sub(h, tf.mean(h, [1, 2], true))),
  "statistics of groups of channels": between((h) => {
    const [n, height, width, channels] = h.shape as [number, number, number, number];
    const grouped = tf.reshape(h, [n, height, width, 4, channels / 4]);
    return tf.reshape(tf.sub(grouped, tf.mean(grouped, [1, 2, 4], true)), h.shape);
  }),
  "a concatenation": between((h) => tf.slice(tf.concat([h, h], 3), [0, 0, 0, 0], h.shape)),
  "an enlargement": between((h) => tf.image.resizeNearestNeighbor(h as tf.Tensor4D, [12, 12])),
};

for (const [name, fn] of Object.entries(networks)) {
  Deno.test(`between two convolutions, ${name} moves no elements`, () => {
    for (const blockSize of [0, 16]) {
      const nodes = nodesBetween(liveNodes(traced(shapes(16), fn, blockSize)));
      assert.ok(nodes.length >= 2);
      assert.deepEqual(nodes.filter(({ op }) => op === "Transpose"), []);
    }
  });
}

Deno.test("the gradient moves nothing but what enters and leaves it, and the filters", () => {
  const { outputs } = traced(shapes(4), ({ x, w1, w2, bias }) => {
    const layer = (x: tf.Tensor4D, w1: tf.Tensor4D, w2: tf.Tensor4D, bias: tf.Tensor) => {
      const h = tf.tanh(tf.add(tf.conv2d(x, w1, 1, "same"), bias)) as tf.Tensor4D;
      return tf.sum(tf.square(tf.conv2d(h, w2, 1, "same")));
    };
    const [dx, dw1, dw2, dBias] = tf.grads(layer as (...args: tf.Tensor[]) => tf.Tensor)(
      [x, w1, w2, bias],
    );
    return { dx: dx!, dw1: dw1!, dw2: dw2!, dBias: dBias! };
  });
  const moved = liveNodes({ inputs: [], outputs })
    .filter(({ op }) => op === "Transpose")
    .filter(({ inputs }) => {
      const source = inputs[0]!.node;
      return source.op !== "Input" &&
        !(source.op === "Slice" && source.inputs[0]!.node.op === "Input");
    });
  const results = Object.values(outputs).map(({ node }) => node);
  assert.deepEqual(moved.filter((node) => !results.includes(node)), []);
});

Deno.test("channels that fill blocks are convolved in blocks, others are not", () => {
  const blocked = (channels: number, blockSize: number) =>
    liveNodes(traced(shapes(channels), networks["a bias"]!, blockSize))
      .filter(({ domain }) => domain === BLOCKED_DOMAIN).map(({ op }) => op);
  // The bias is part of the convolution, so nothing leaves the layout before it is added.
  const two = ["ReorderInput", "Conv", "ReorderOutput"];
  assert.deepEqual(blocked(16, 16), [...two, ...two]);
  assert.deepEqual(blocked(16, 8), [...two, ...two]);
  assert.deepEqual(blocked(24, 8), [...two, ...two]);
  assert.deepEqual(blocked(24, 16), []);
  assert.deepEqual(blocked(20, 8), []);
  assert.deepEqual(blocked(16, 0), []);
});

Deno.test("a bias is added by the convolution itself", () => {
  for (const blockSize of [0, 16]) {
    const nodes = liveNodes(traced(shapes(16), networks["a bias"]!, blockSize));
    assert.equal(nodes.filter(({ op }) => op === "Conv")[0]!.inputs.length, 3);
    assert.deepEqual(nodes.filter(({ op }) => op === "Add"), []);
  }
});
