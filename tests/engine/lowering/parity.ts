/** One kernel, compiled and run by ONNX Runtime, against TensorFlow.js's plain cpu backend. */
import assert from "node:assert/strict";
import { type Arrays, type Engine, tf } from "../../../engine/mod.ts";
import { registerRandomKernels } from "../../../engine/random.ts";
import { type ArrayInput, specOf, toTensor, wave } from "./inputs.ts";

/** One use of a kernel. */
export interface KernelCase {
  /** The lowering that this is about; the case fails if the function does not come by it. */
  readonly kernel: string;
  /** What is special about this use. */
  readonly name: string;
  readonly inputs: readonly ArrayInput[];
  // deno-lint-ignore no-explicit-any -- so that a case can name its operands' ranks
  readonly fn: (...inputs: any[]) => tf.Tensor;
  /** Why the gradients are not compared, where they are not. */
  readonly noGradient?: string;
  /** How far a value may lie off, relative and absolute. */
  readonly rtol?: number;
  readonly atol?: number;
  /** What the value must be, and the gradients, where TensorFlow.js's cpu backend is wrong. */
  readonly reference?: "finite differences" | ((...inputs: ArrayInput[]) => number[]);
}

const RTOL = 1e-5;
const ATOL = 1e-6;
/** In norm, for the gradient of each input. */
const GRADIENT_RTOL = 1e-4;

/** Runs one case on both sides and compares values and gradients. */
export async function checkCase(engine: Engine, testCase: KernelCase): Promise<void> {
  const { kernel, inputs, rtol = RTOL, atol = ATOL } = testCase;
  const reference = await runReference(testCase);
  assert.ok(
    reference.kernels.includes(kernel),
    `never comes by ${kernel}, only by ${reference.kernels.join(", ")}`,
  );
  const weights = reference.weights;
  const signature = Object.fromEntries(
    [...inputs, ...(weights ? [weights] : [])].map((input, i) => [`x${i}`, specOf(input)]),
  );
  const program = await engine.compile((tensors) => {
    const values = inputs.map((_, i) => tensors[`x${i}`]!);
    return evaluate(testCase, values, tensors[`x${inputs.length}`]);
  }, signature);
  const arrays: Arrays = Object.fromEntries(
    [...inputs, ...(weights ? [weights] : [])].map((input, i) => [`x${i}`, input.data]),
  );
  const actual = await program.run(arrays);
  await program.dispose();
  assert.deepEqual(program.outputs.value!.shape, reference.shape, "shape of the value");
  assert.equal(program.outputs.value!.dtype, reference.dtype, "type of the value");
  for (const [name, expected] of Object.entries(reference.results)) {
    if (name === "value") assertValues(actual.value!, expected, rtol, atol);
    else assertGradient(name, actual[name]!, expected);
  }
}

interface Reference {
  readonly kernels: readonly string[];
  readonly shape: number[];
  readonly dtype: string;
  /** What the value's elements are weighted by before they are summed; absent without gradients. */
  readonly weights: ArrayInput | undefined;
  readonly results: Readonly<Record<string, ArrayLike<number>>>;
}

async function runReference(testCase: KernelCase): Promise<Reference> {
  await tf.setBackend("cpu");
  registerRandomKernels("cpu");
  const { inputs, fn, reference } = testCase;
  tf.engine().startScope();
  try {
    const tensors = inputs.map(toTensor);
    const result = fn(...tensors);
    const weights = hasGradient(testCase, result) ? wave(result.shape, 0.83) : undefined;
    const forward = await kernelsOf(() => fn(...tensors));
    const whole = await kernelsOf(() =>
      Object.values(evaluate(testCase, tensors, weights && toTensor(weights)))
    );
    // The weighted sum is this file's own.
    const backward = whole.filter((name) => name !== tf.Multiply && name !== tf.Sum);
    const ownGradients = weights && reference !== "finite differences";
    const { value, ...gradients } = evaluate(
      testCase,
      tensors,
      ownGradients ? toTensor(weights) : undefined,
    );
    return {
      kernels: [...forward, ...backward],
      shape: value!.shape,
      dtype: value!.dtype,
      weights,
      results: {
        value: typeof reference === "function" ? reference(...inputs) : value!.dataSync(),
        ...(reference === "finite differences"
          ? Object.fromEntries(
            inputs.flatMap(({ data }, i) =>
              weights && data instanceof Float32Array
                ? [[`gradient ${i}`, finiteDifferences(testCase, weights, i)]]
                : []
            ),
          )
          : mapValues(gradients, (gradient) => gradient.dataSync())),
      },
    };
  } finally {
    tf.engine().endScope();
  }
}

/** The kernels that `body` comes by, to its end or until TensorFlow.js's cpu backend fails. */
async function kernelsOf(body: () => tf.TensorContainer): Promise<string[]> {
  const { state } = tf.engine();
  try {
    return (await tf.profile(body)).kernelNames;
  } catch {
    return state.activeProfile.kernels.map(({ name }) => name);
  } finally {
    state.profiling = false;
  }
}

function hasGradient({ noGradient, inputs }: KernelCase, value: tf.Tensor): boolean {
  return !noGradient && value.dtype === "float32" &&
    inputs.some(({ data }) => data instanceof Float32Array);
}

/** The value, and the gradient of Σ value·weights for every float input, by "gradient <index>". */
function evaluate(
  { fn, inputs }: KernelCase,
  tensors: readonly tf.Tensor[],
  weights: tf.Tensor | undefined,
): Record<string, tf.Tensor> {
  const result = fn(...tensors);
  const value = result.dtype === "bool" ? tf.cast(result, "int32") : result;
  if (!weights) return { value };
  const floats = inputs.flatMap(({ data }, i) => data instanceof Float32Array ? [i] : []);
  const gradients = tf.grads((...varied: tf.Tensor[]) => {
    const all = tensors.map((tensor, i) => varied[floats.indexOf(i)] ?? tensor);
    return tf.sum(tf.mul(fn(...all), weights));
  })(floats.map((i) => tensors[i]!));
  return {
    value,
    ...Object.fromEntries(gradients.map((gradient, i) => [`gradient ${floats[i]}`, gradient])),
  };
}

/** Central differences of Σ value·weights; exact for the linear functions that ask for them. */
function finiteDifferences(
  { fn, inputs }: KernelCase,
  weights: ArrayInput,
  which: number,
) {
  const input = inputs[which]!;
  const step = 0.5;
  const total = (data: Float32Array) =>
    tf.tidy(() => {
      const varied = inputs.map((other, i) => toTensor(i === which ? { ...other, data } : other));
      const values = fn(...varied).dataSync();
      return [...values].reduce((sum, value, i) => sum + value * weights.data[i]!, 0);
    });
  return Array.from(input.data, (value, i) => {
    const moved = (by: number) => total((input.data as Float32Array).with(i, value + by));
    return (moved(step) - moved(-step)) / (2 * step);
  });
}

function assertValues(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  rtol: number,
  atol: number,
): void {
  assert.equal(actual.length, expected.length, "number of elements");
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    const agree = Object.is(a, e) || Math.abs(a - e) <= atol + rtol * Math.abs(e);
    assert.ok(agree, `element ${i} is ${a}, TensorFlow.js has ${e}`);
  }
}

function assertGradient(name: string, actual: ArrayLike<number>, expected: ArrayLike<number>) {
  assert.equal(actual.length, expected.length, `${name}: number of elements`);
  let [difference, norm] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  const distance = Math.sqrt(difference) / (Math.sqrt(norm) || 1);
  // Not "distance > …", which a NaN would pass.
  assert.ok(distance <= GRADIENT_RTOL, `${name} is off by ${distance} of its norm`);
}

function mapValues<A, B>(record: Record<string, A>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
