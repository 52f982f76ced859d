import assert from "node:assert/strict";
import { tf } from "../../../engine/mod.ts";
import { Refusal } from "../../../engine/lowering/lowering.ts";
import { trace } from "../../../engine/trace.ts";

type Fn = (x: tf.Tensor4D) => tf.Tensor;

/** Uses of kernels that have a lowering, but not for this; with what the error says. */
const refusals: Readonly<Record<string, readonly [Fn, string]>> = {
  "blocks of depth in channels-first images": [
    (x) => tf.depthToSpace(x, 2, "NCHW"),
    "DepthToSpace with data format NCHW: only NHWC can be compiled",
  ],
  "a matrix product of booleans": [
    (x) => tf.matMul(tf.greater(x, 0), tf.less(x, 0), false, true),
    "BatchMatMul of bool: cast it to int32 or float32",
  ],
  "a cast to complex numbers": [
    (x) => tf.cast(x, "complex64"),
    "Cast to complex64: only float32, int32 and bool can be compiled",
  ],
  "a tensor of strings": [
    () => tf.fill([2], "a"),
    "Fill of strings: only numbers and booleans can be compiled",
  ],
  "strings as constants": [
    () => tf.tensor(["a"]),
    "Constant of type string: use float32, int32 or bool",
  ],
  "the place of an extreme among no elements": [
    (x) => tf.argMax(tf.slice(x, [0, 0, 0, 0], [2, 4, 4, 0]), 3),
    "ArgMax over an axis without elements, of [2,4,4,0]: there is no place to name",
  ],
  "a transposed convolution to another shape than its window gives": [
    (x) => tf.conv2dTranspose(x, tf.ones([2, 2, 3, 4]), [2, 3, 3, 3], 1, "same"),
    "Conv2DBackpropInput to [2,3,3,3] from [2,4,4,4]: a convolution of that shape gives [2,3,3,4]",
  ],
};

for (const [name, [fn, message]] of Object.entries(refusals)) {
  Deno.test(`${name} is refused while tracing, with the place`, () => {
    const signature = { x: { shape: [2, 4, 4, 4], dtype: "float32" } } as const;
    assert.throws(
      () => trace(({ x }) => ({ y: fn(x as tf.Tensor4D) }), signature),
      (error: Error) => {
        assert.ok(error instanceof Refusal);
        assert.equal(error.message.replace(/ \(at .*refusals_test\.ts:\d+:\d+\)?\)$/, ""), message);
        assert.notEqual(error.message, message);
        return true;
      },
    );
  });
}
