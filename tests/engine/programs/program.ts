/** Random programs: made step by step while they are computed, so that their numbers stay moderate. */
import { tf } from "../../../engine/mod.ts";
import { type Draw, drawFrom } from "./draw.ts";
import { ROWS, type Step } from "./steps.ts";

export interface Program {
  readonly shapes: readonly (readonly number[])[];
  readonly inputs: readonly Float32Array[];
  /** The program's results: its last tensors, the sum of the last, and that sum's gradients. */
  evaluate(inputs: readonly tf.Tensor[]): Record<string, tf.Tensor>;
}

const MAX_ELEMENTS = 600;
const LARGEST = 200;
/** Rows by how often they are tried. */
const TRIED = ROWS.flatMap((row) => new Array<typeof row>(row.often).fill(row));

/** The program of a seed. */
export function programOf(seed: number): Program {
  const draw = drawFrom(seed);
  const shapes = Array.from({ length: draw.whole(1, 3) }, (_, i) => shapeOf(draw, i === 0));
  const inputs = shapes.map((shape) =>
    Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, () => draw.number(-1.5, 1.5))
  );
  const steps: Step[] = [];
  tf.tidy(() => {
    const tensors: tf.Tensor[] = inputs.map((data, i) => tf.tensor(data, [...shapes[i]!]));
    const length = draw.whole(3, 12);
    for (let tries = 0; steps.length < length && tries < 200; tries++) {
      const step = draw.one(TRIED).make(draw, tensors.map(({ shape }) => shape));
      const result = step?.(tensors);
      if (!step || !result || result.size > MAX_ELEMENTS || !isModerate(result)) continue;
      steps.push(step);
      tensors.push(result);
    }
  });
  return {
    shapes,
    inputs,
    evaluate: (inputs) => evaluate(inputs, steps),
  };
}

function shapeOf(draw: Draw, first: boolean): number[] {
  const extent = () => draw.whole(1, 5);
  if (first && draw.chance(0.3)) {
    return [draw.whole(1, 2), extent() + 1, extent() + 1, draw.one([1, 2, 16])];
  }
  return Array.from({ length: draw.whole(0, 4) }, extent);
}

function isModerate(x: tf.Tensor): boolean {
  return x.dataSync().every((value) => Math.abs(value) < LARGEST);
}

function evaluate(inputs: readonly tf.Tensor[], steps: readonly Step[]): Record<string, tf.Tensor> {
  const run = (given: readonly tf.Tensor[]) => {
    const tensors = [...given];
    for (const step of steps) tensors.push(step(tensors));
    return tensors.slice(given.length);
  };
  const loss = (...given: tf.Tensor[]) => {
    // All steps count, the last most: weights that are not symmetric.
    const terms = run(given).map((x, i) =>
      tf.mul(
        tf.sum(tf.mul(x, tf.reshape(tf.cos(tf.range(0, x.size)), x.shape))),
        0.5 ** (steps.length - i),
      )
    );
    const used = given.map((x) => tf.mul(tf.sum(x), 0.1));
    return tf.addN([...used, ...terms]) as tf.Scalar;
  };
  const { value, grads } = tf.valueAndGrads(loss)([...inputs]);
  const last = run(inputs).slice(-3).map((x, i) => [`value ${i}`, x]);
  return {
    ...Object.fromEntries(last),
    loss: value,
    ...Object.fromEntries(grads.map((gradient, i) => [`gradient ${i}`, gradient])),
  };
}
