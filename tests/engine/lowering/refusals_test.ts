import assert from "node:assert/strict";
import { tf } from "../../../engine/mod.ts";
import { trace } from "../../../engine/trace.ts";

type Fn = (x: tf.Tensor4D) => tf.Tensor;

/** Uses of kernels that have a lowering, but not for this; with what the error says. */
const refusals: Readonly<Record<string, readonly [Fn, RegExp]>> = {
  "a convolution of channels-first images": [
    (x) => tf.conv2d(x, tf.ones([1, 1, 4, 2]) as tf.Tensor4D, 1, "same", "NCHW"),
    /^Error: Convolution with data format NCHW: only NHWC can be compiled$/,
  ],
  "a resize that aligns corners": [
    (x) => tf.image.resizeNearestNeighbor(x, [8, 8], true),
    /^Error: Resize with alignCorners or halfPixelCenters: only the default can be compiled$/,
  ],
  "a resize with half-pixel centres": [
    (x) => tf.image.resizeNearestNeighbor(x, [8, 8], false, true),
    /^Error: Resize with alignCorners or halfPixelCenters: only the default can be compiled$/,
  ],
  "the gradient of a resize by a fraction": [
    (x) => tf.grad((x) => tf.sum(tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [6, 6])))(x),
    /^Error: Gradient of a resize from \[4, 4\] to \[6,6\]: only enlargement by whole factors/,
  ],
  "the gradient of overlapping windows": [
    (x) => tf.grad((x) => tf.sum(tf.avgPool(x as tf.Tensor4D, 3, 1, "same")))(x),
    /^Error: Gradient of average pooling with window 3,3 and strides 1,1 over \[2,4,4,4\]: only wi/,
  ],
  "a gather with batch dimensions": [
    (x) => tf.gather(x, tf.zeros([2, 1], "int32") as tf.Tensor2D as never, 1, 1),
    /^Error: Gather with batch dimensions: only batchDims = 0 can be compiled$/,
  ],
};

for (const [name, [fn, message]] of Object.entries(refusals)) {
  Deno.test(`${name} is refused while tracing`, () => {
    const signature = { x: { shape: [2, 4, 4, 4], dtype: "float32" } } as const;
    assert.throws(() => trace(({ x }) => ({ y: fn(x as tf.Tensor4D) }), signature), message);
  });
}
