/**
 * The steps that random programs are made of. A row says how often it is tried, and makes a step for
 * operands of the shapes that there are, or none if it does not fit.
 */
import { tf } from "../../../engine/mod.ts";
import type { Draw } from "./draw.ts";

/** One operator on tensors of the program so far. */
export type Step = (tensors: readonly tf.Tensor[]) => tf.Tensor;

export interface Row {
  readonly often: number;
  make(draw: Draw, shapes: readonly (readonly number[])[]): Step | undefined;
}

type Unary = (x: tf.Tensor) => tf.Tensor;
type Binary = (x: tf.Tensor, y: tf.Tensor) => tf.Tensor;

/** Functions, on domains where they are smooth but for kinks. */
const functions: readonly Unary[] = [
  (x) => tf.exp(tf.mul(tf.tanh(x), 2)),
  (x) => tf.log(tf.add(tf.abs(x), 0.2)),
  (x) => tf.sqrt(tf.add(tf.square(x), 0.1)),
  (x) => tf.rsqrt(tf.add(tf.square(x), 0.3)),
  (x) => tf.reciprocal(tf.add(tf.abs(x), 0.5)),
  (x) => tf.mul(x, tf.sigmoid(x)),
  (x) => tf.mul(x, tf.sigmoid(tf.mul(x, 1.702))),
  (x) => tf.mul(tf.mul(x, 0.5), tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2)))),
  (x) => tf.log1p(tf.square(x)),
  (x) => tf.expm1(tf.mul(tf.tanh(x), 0.1)),
  (x) => tf.pow(tf.add(tf.abs(x), 0.5), 1.5),
  (x) => tf.pow(x, 3),
  (x) => tf.clipByValue(x, -0.6, 0.7),
  (x) => tf.leakyRelu(x, 0.1),
  (x) => tf.prelu(x, tf.scalar(0.2)),
  (x) => tf.atanh(tf.mul(tf.tanh(x), 0.9)),
  (x) => tf.acosh(tf.add(tf.square(x), 1.2)),
  tf.abs,
  tf.asinh,
  tf.atan,
  tf.cos,
  tf.elu,
  tf.logSigmoid,
  tf.neg,
  tf.relu,
  tf.selu,
  tf.sigmoid,
  tf.sin,
  tf.softplus,
  tf.square,
  tf.tanh,
];

const CONSTANTS = [0, 1, -1, 2, 0.5, 3, -0.25, 1e-3, 7] as const;
const withConstants: readonly ((x: tf.Tensor, c: number) => tf.Tensor)[] = [
  (x, c) => tf.mul(x, c),
  (x, c) => tf.add(x, c),
  (x, c) => tf.sub(c, x),
  (x, c) => tf.div(x, c || 5),
  (x, c) => tf.mul(tf.mul(x, c), 0.5),
  (x, c) => tf.maximum(x, c),
  (x, c) => tf.where(tf.greater(x, c), x, tf.mul(x, x)),
];

const pairs: readonly Binary[] = [
  tf.add,
  tf.sub,
  tf.mul,
  tf.maximum,
  tf.minimum,
  tf.squaredDifference,
  (x, y) => tf.div(x, tf.add(tf.abs(y), 0.5)),
  (x, y) => tf.div(x, tf.sqrt(tf.add(tf.square(y), 0.1))),
  (x, y) => tf.atan2(x, tf.add(tf.abs(y), 0.3)),
  (x, y) => tf.where(tf.less(x, y), x, tf.neg(y)),
  (x, y) => tf.mul(x, tf.sigmoid(y)),
];

type Reduce = (x: tf.Tensor, axes: number[], keepDims: boolean) => tf.Tensor;
const reductions: readonly Reduce[] = [
  (x, axes, keep) => tf.sum(x, axes, keep),
  (x, axes, keep) => tf.mean(x, axes, keep),
  (x, axes, keep) => tf.max(x, axes, keep),
  (x, axes, keep) => tf.min(x, axes, keep),
  (x, axes, keep) => tf.logSumExp(x, axes, keep),
  (x, axes, keep) => tf.moments(x, axes, keep).variance,
  (x, axes, keep) => tf.prod(x, axes, keep),
];

const size = (shape: readonly number[]) => tf.util.sizeFromShape([...shape]);

function broadcasts(x: readonly number[], y: readonly number[]): boolean {
  const [long, short] = x.length > y.length ? [x, y] : [y, x];
  return short.every((extent, i) => {
    const other = long[long.length - short.length + i]!;
    return extent === other || extent === 1 || other === 1;
  });
}

/** A step on one tensor whose shape fits. */
const onOne = (
  often: number,
  fits: (shape: readonly number[]) => boolean,
  make: (draw: Draw, shape: readonly number[]) => Unary,
): Row => ({
  often,
  make(draw, shapes) {
    const fitting = [...shapes.keys()].filter((i) => fits(shapes[i]!));
    if (fitting.length === 0) return undefined;
    // What was made last is used most, so that programs grow deep.
    const which = draw.chance(0.6) ? fitting.at(-1)! : draw.one(fitting);
    const fn = make(draw, shapes[which]!);
    return (tensors) => fn(tensors[which]!);
  },
});

/** A step on two tensors whose shapes fit. */
const onTwo = (
  often: number,
  fit: (x: readonly number[], y: readonly number[]) => boolean,
  make: (draw: Draw, x: readonly number[], y: readonly number[]) => Binary,
): Row => ({
  often,
  make(draw, shapes) {
    const [i, j] = [draw.whole(0, shapes.length - 1), draw.whole(0, shapes.length - 1)];
    if (!fit(shapes[i]!, shapes[j]!)) return undefined;
    const fn = make(draw, shapes[i]!, shapes[j]!);
    return (tensors) => fn(tensors[i]!, tensors[j]!);
  },
});

const any = () => true;
const ofRank = (least: number, most = 9) => (shape: readonly number[]) =>
  shape.length >= least && shape.length <= most;
const image = (shape: readonly number[]) => shape.length === 4 && shape[1]! >= 2 && shape[2]! >= 2;

function axesOf(draw: Draw, rank: number): number[] {
  const axes = draw.shuffled([...Array(rank).keys()]).slice(0, draw.whole(1, rank));
  return axes.map((axis) => draw.chance(0.2) ? axis - rank : axis);
}

/** Another shape with as many elements. */
function reshaped(draw: Draw, shape: readonly number[]): number[] {
  const factors = shape.flatMap((extent) => {
    const found: number[] = [];
    for (let rest = extent, p = 2; rest > 1; p++) {
      while (rest % p === 0) [rest] = [rest / p, found.push(p)];
    }
    return found;
  });
  const result = new Array<number>(draw.whole(1, 4)).fill(1);
  for (const factor of factors) result[draw.whole(0, result.length - 1)]! *= factor;
  return result;
}

/** Fixed numbers of a shape, away from those of the inputs. */
const fixed = (shape: number[], frequency: number) =>
  tf.tidy(() => tf.reshape(tf.sin(tf.mul(tf.range(1, size(shape) + 1), frequency)), shape));

export const ROWS: readonly Row[] = [
  onOne(8, any, (draw) => draw.one(functions)),
  onOne(4, any, (draw) => {
    const [fn, constant] = [draw.one(withConstants), draw.one(CONSTANTS)];
    return (x) => fn(x, constant);
  }),
  onTwo(8, broadcasts, (draw) => draw.one(pairs)),
  onOne(5, ofRank(1), (draw, shape) => {
    const [fn, axes, keep] = [draw.one(reductions), axesOf(draw, shape.length), draw.chance(0.5)];
    return (x) => fn(x, axes, keep);
  }),
  onOne(3, any, (draw, shape) => {
    const target = reshaped(draw, shape);
    return (x) => tf.reshape(x, target);
  }),
  onOne(4, ofRank(2), (draw, shape) => {
    const perm = draw.shuffled([...shape.keys()]);
    return (x) => tf.transpose(x, perm);
  }),
  onOne(3, ofRank(1), (draw, shape) => {
    const begin = shape.map((extent) => draw.whole(0, extent - 1));
    const extents = shape.map((extent, axis) => draw.whole(1, extent - begin[axis]!));
    return (x) => tf.slice(x, begin, extents);
  }),
  onOne(2, ofRank(1), (draw, shape) => {
    const step = shape.map((extent) => draw.chance(0.5) ? 1 : draw.whole(1, extent));
    return (x) => tf.stridedSlice(x, shape.map(() => 0), [...shape], step);
  }),
  onOne(2, ofRank(1, 4), (draw, shape) => {
    const paddings = shape.map((): [number, number] => [draw.whole(0, 2), draw.whole(0, 1)]);
    const value = draw.one([0, 1, -0.5]);
    return (x) => tf.pad(x, paddings, value);
  }),
  onOne(1, ofRank(1, 4), (draw, shape) => {
    const paddings = shape.map((n): [number, number] => [
      draw.whole(0, n - 1),
      draw.whole(0, n - 1),
    ]);
    const mode = draw.one(["reflect", "symmetric"] as const);
    return (x) => tf.mirrorPad(x, paddings, mode);
  }),
  onOne(2, ofRank(1), (draw, shape) => {
    const repetitions = shape.map(() => draw.whole(1, 2));
    return (x) => tf.tile(x, repetitions);
  }),
  onOne(1, ofRank(1), (draw, shape) => {
    const axes = axesOf(draw, shape.length);
    return (x) => tf.reverse(x, axes);
  }),
  onOne(2, ofRank(1), (draw, shape) => {
    const axis = draw.whole(0, shape.length - 1);
    const places = Array.from({ length: draw.whole(1, 4) }, () => draw.whole(0, shape[axis]! - 1));
    return (x) => tf.gather(x, places, axis);
  }),
  onOne(2, ofRank(1, 3), (draw, shape) => {
    const [axis, flag] = [draw.whole(0, shape.length - 1), draw.chance(0.5)];
    const scan = draw.one([tf.cumsum, tf.cumprod]);
    return (x) => scan(x, axis, flag, !flag);
  }),
  onOne(1, ofRank(1), (draw, shape) => {
    const count = draw.whole(1, shape.at(-1)!);
    return (x) => tf.topk(x, count).values;
  }),
  onOne(2, ofRank(1), (draw) => draw.one([tf.softmax, tf.logSoftmax] as Unary[])),
  onTwo(3, (x, y) => x.length > 0 && x.join() === y.join(), (draw, x) => {
    const axis = draw.whole(0, x.length - 1);
    return draw.chance(0.5) ? (x, y) => tf.concat([x, y], axis) : (x, y) => tf.stack([x, y], axis);
  }),
  onTwo(
    6,
    (x, y) =>
      x.length === y.length && x.length >= 2 && x.at(-1) === y.at(-1) &&
      x.slice(0, -2).join() === y.slice(0, -2).join(),
    (draw) => {
      const scale = draw.one([1, 0.5]);
      return (x, y) => tf.mul(tf.matMul(x, y, false, true), scale);
    },
  ),
  onOne(3, ofRank(2, 3), (draw, shape) => {
    const outputs = draw.whole(1, 4);
    const weights = shape.length === 2 ? [shape[1]!, outputs] : [shape[0]!, shape[2]!, outputs];
    return (x) => tf.add(tf.matMul(x, fixed(weights, 0.7)), fixed([outputs], 1.3));
  }),
  onOne(2, ofRank(2, 3), (draw, shape) => {
    const names = [..."ijk"].slice(0, shape.length).join("");
    const target = draw.shuffled([...names]).slice(0, draw.whole(1, shape.length)).join("");
    return (x) => tf.einsum(`${names},${names}->${target}`, x, fixed([...shape], 0.9));
  }),
  onOne(4, image, (draw, shape) => {
    const [kh, kw, o] = [draw.whole(1, 3), draw.whole(1, 3), draw.one([1, 2, 3, 16])];
    const [stride, pad] = [draw.whole(1, 2), draw.one(["same", "valid"] as const)];
    if (pad === "valid" && (kh > shape[1]! || kw > shape[2]!)) return (x) => x;
    const filter = [kh, kw, shape[3]!, o];
    return (x) => tf.conv2d(x as tf.Tensor4D, fixed(filter, 1.1) as tf.Tensor4D, stride, pad);
  }),
  onOne(2, image, (draw, shape) => {
    const [k, m, stride] = [draw.whole(1, 3), draw.whole(1, 2), draw.whole(1, 2)];
    const filter = [k, k, shape[3]!, m];
    return (x) =>
      tf.depthwiseConv2d(x as tf.Tensor4D, fixed(filter, 1.1) as tf.Tensor4D, stride, "same");
  }),
  onOne(2, image, (draw) => {
    const pool = draw.one([tf.avgPool, tf.maxPool]);
    // TensorFlow.js's gradient of a mean is wrong with padding.
    const [window, stride] = [draw.whole(1, 2), draw.whole(1, 2)];
    return (x) => pool(x as tf.Tensor4D, window, stride, "valid");
  }),
];
