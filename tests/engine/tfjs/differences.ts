/**
 * Specs of TensorFlow.js's suite that expect what the engine does otherwise on purpose. Each names the
 * test that proves the engine right, in differences_test.ts, or says why there is nothing to prove.
 */

export interface Difference {
  readonly file: string;
  /** The end of the spec's name. */
  readonly spec: string;
  readonly why: string;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    file: "ops/avg_pool_test.js",
    spec: "gradient x=[3,3,1] f=[3,3] s=1 p=explicit",
    why:
      "the mean is over the elements inside the image, and so is its gradient; TensorFlow.js's " +
      "cpu backend divides the gradient by the padding too",
  },
  ...["max", "avg"].map((pool) => ({
    file: "ops/pool_test.js",
    spec: `${pool} x=[2,2,3] f=[1,1] s=2 p=1 fractional outputs default rounding`,
    why: "a window of one element that lies in the padding holds no element; TensorFlow.js's cpu " +
      "backend returns its input whenever the window is 1×1 and the shapes are equal",
  })),
  {
    file: "ops/max_pool_test.js",
    spec: "[x=[3,3,1] f=[2,2] s=1 ignores NaNs",
    why: "a divergence must be seen where it happens: the maximum of NaN is NaN, as tf.max has it",
  },
  {
    file: "ops/exp_test.js",
    spec: "exp / int32",
    why: "e^10 lies between two floats, and the spec takes only the nearer one for right",
  },
  {
    file: "ops/tan_test.js",
    spec: "numbers exceed float32 precision",
    why: "the spec is about rounding: 30144.18 lies 1.5 units in the last place off",
  },
  ...["mirrorPad / grad", "mirrorPad / gradient with clones"].map((spec) => ({
    file: "ops/mirror_pad_test.js",
    spec,
    why: "what flows to a mirror image flows to what it mirrors; TensorFlow.js drops it (finite " +
      "differences among the cases of MirrorPad)",
  })),
  {
    file: "gradients_test.js",
    spec: "errors if relevant ops are missing grads",
    why:
      "a condition is a step, through which nothing flows back: its gradient is zero, as that of " +
      "tf.greaterEqual is in TensorFlow.js",
  },
  {
    file: "ops/gather_test.js",
    spec: "throws when index is out of bound",
    why: "indices are not known when a function is traced; the run fails",
  },
];

/** Why a spec need not pass, if it is one of these. */
export function differenceOf(file: string, name: string): string | undefined {
  return DIFFERENCES.find((row) => row.file === file && name.endsWith(row.spec))?.why;
}
