import assert from "node:assert/strict";
import {
  type AdamWConfig,
  adamWStep,
  createAdamW,
  learningRateAt,
  type Parameters,
  UserError,
} from "../../../engine/host/mod.ts";

const config: AdamWConfig = {
  learningRate: 0.02,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0.1,
  gradientClip: 4,
};

/** Parameters and gradients that a reference in another language can make too. */
const startParameters = (): Parameters => ({
  w: { shape: [2, 3], data: Float32Array.from({ length: 6 }, (_, i) => Math.sin(i)) },
  b: { shape: [2], data: new Float32Array([0.5, -1]) },
});
const gradientsAt = (step: number) => ({
  w: Float32Array.from({ length: 6 }, (_, i) => Math.cos(0.7 * i + step) * (1 + step)),
  b: new Float32Array([0.3 * step - 1, 0.01 * step]),
});

function takeTenSteps() {
  const parameters = startParameters();
  const state = createAdamW(parameters);
  const norms: number[] = [];
  for (let step = 0; step < 10; step++) {
    const learningRate = 0.02 * (step + 1) / 10;
    const stepConfig = { ...config, learningRate };
    norms.push(adamWStep(parameters, gradientsAt(step), state, stepConfig).gradientNorm);
  }
  return { parameters, state, norms };
}

function assertClose(actual: ArrayLike<number>, expected: readonly number[], tolerance: number) {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => {
    assert.ok(
      Math.abs(actual[i]! - value) <= tolerance * Math.max(1, Math.abs(value)),
      `element ${i} is ${actual[i]}, expected ${value} within ${tolerance}`,
    );
  });
}

Deno.test("adamWStep() follows PyTorch for ten clipped steps with a changing learning rate", () => {
  // torch.optim.AdamW of PyTorch 2.13 in float64, with torch.nn.utils.clip_grad_norm_(…, 4.0) and
  // weight decay for `w` alone. Ours stores float32, and PyTorch adds 1e-6 to the norm it clips by.
  const { parameters, state, norms } = takeTenSteps();
  const expected = {
    w: [
      -0.0035617676256756194,
      0.8445826239408433,
      0.9199666068514502,
      0.16171831023654332,
      -0.7370447886596753,
      -0.9532184285358922,
    ],
    b: [0.5299086778391203, -1.1035503229039452],
    m: [
      -0.05491761556298986,
      -0.24992003476554905,
      -0.32738115650960603,
      -0.250869804875516,
      -0.05637046405963862,
      0.16464078681628436,
    ],
    v: [
      0.2063942592269865,
      0.23354461080508832,
      0.255834032707505,
      0.23626061984470673,
      0.20731752382009686,
      0.2170521860069146,
    ],
    norms: [
      2.1525510579013494,
      3.2515459806171094,
      5.005000876111334,
      7.668354639349471,
      8.17729688021186,
      9.683214647139081,
      13.41923901832125,
      13.55413518554091,
      14.19017492751822,
      19.040688971645224,
    ],
  };
  assertClose(parameters.w!.data, expected.w, 1e-6);
  assertClose(parameters.b!.data, expected.b, 1e-6);
  assertClose(state.m.w!, expected.m, 1e-6);
  assertClose(state.v.w!, expected.v, 1e-6);
  assertClose(norms, expected.norms, 1e-6);
  assert.equal(state.step, 10);
});

Deno.test("adamWStep() gives the same bits twice", () => {
  assert.deepEqual(takeTenSteps(), takeTenSteps());
});

Deno.test("adamWStep() moves each element by the learning rate at first, whatever the gradient's size", () => {
  const parameters = startParameters();
  const gradients = { w: gradientsAt(1).w.map((g) => 1000 * g), b: new Float32Array([1e-3, -5]) };
  adamWStep(parameters, gradients, createAdamW(parameters), {
    ...config,
    weightDecay: 0,
    gradientClip: 0,
  });
  const start = startParameters();
  for (const name of ["w", "b"] as const) {
    const moved = start[name]!.data.map((x, i) => x - 0.02 * Math.sign(gradients[name][i]!));
    // epsilon is 1e-5 of the smallest gradient.
    assertClose(parameters[name]!.data, [...moved], 1e-6);
  }
});

Deno.test("adamWStep() decays matrices and leaves vectors alone, whatever the gradient", () => {
  const parameters = startParameters();
  const zero = { w: new Float32Array(6), b: new Float32Array(2) };
  adamWStep(parameters, zero, createAdamW(parameters), config);
  assertClose(
    parameters.w!.data,
    [...startParameters().w!.data].map((x) => x * (1 - 0.02 * 0.1)),
    1e-7,
  );
  assert.deepEqual(parameters.b, startParameters().b);
});

Deno.test("adamWStep() gives a tensor the learning rate and decay of its treatment, and no other", () => {
  const treated = startParameters(), plain = startParameters(), scaled = startParameters();
  const gradients = gradientsAt(0);
  const treatments = { w: { learningRateFactor: 10, weightDecay: 0 } };
  adamWStep(treated, gradients, createAdamW(treated), { ...config, treatments });
  adamWStep(plain, gradients, createAdamW(plain), config);
  const fast = { ...config, learningRate: 10 * config.learningRate, weightDecay: 0 };
  adamWStep(scaled, gradients, createAdamW(scaled), fast);
  assert.deepEqual(treated.w!.data, scaled.w!.data);
  assert.deepEqual(treated.b!.data, plain.b!.data);
});

Deno.test("adamWStep() clips by the norm over all tensors, and not below it", () => {
  const gradients = { w: new Float32Array([3, 0, 0, 0, 0, 0]), b: new Float32Array([4, 0]) };
  const firstMoments = (gradientClip: number) => {
    const parameters = startParameters();
    const state = createAdamW(parameters);
    const { gradientNorm } = adamWStep(parameters, gradients, state, { ...config, gradientClip });
    assert.equal(gradientNorm, 5);
    return [state.m.w![0]!, state.m.b![0]!];
  };
  assertClose(firstMoments(0), [0.3, 0.4], 1e-7);
  assertClose(firstMoments(5), [0.3, 0.4], 1e-7);
  assertClose(firstMoments(1), [0.06, 0.08], 1e-7);
});

Deno.test("adamWStep() refuses a gradient that is not finite and changes nothing", () => {
  for (const bad of [NaN, Infinity, -Infinity]) {
    const { parameters, state } = takeTenSteps();
    const before = structuredClone({ parameters, state });
    const gradients = { ...gradientsAt(0), b: new Float32Array([0, bad]) };
    assert.throws(
      () => adamWStep(parameters, gradients, state, config),
      (error) =>
        error instanceof UserError &&
        /^Cannot take optimizer step 11: the gradient of `b` is not finite.*lower the learning rate/
          .test(error.message),
    );
    assert.deepEqual({ parameters, state }, before);
  }
});

Deno.test("adamWStep() calls a gradient of the wrong length an internal error", () => {
  const parameters = startParameters();
  const state = createAdamW(parameters);
  assert.throws(
    () => adamWStep(parameters, { ...gradientsAt(0), b: new Float32Array(3) }, state, config),
    /^Error: Internal: the gradient of `b` has 3 elements, the parameter has 2$/,
  );
  assert.throws(
    () => adamWStep(parameters, { w: new Float32Array(6) }, state, config),
    /^Error: Internal: the gradient of `b` has no elements, the parameter has 2$/,
  );
});

Deno.test("adamWStep() finds the minimum of a badly scaled quadratic", () => {
  const parameters: Parameters = { x: { shape: [2], data: new Float32Array([3, -2]) } };
  const state = createAdamW(parameters);
  const x = parameters.x!.data;
  for (let step = 0; step < 2000; step++) {
    const learningRate = learningRateAt(step, {
      learningRate: 0.05,
      warmupSteps: 10,
      steps: 2000,
      decay: "cosine",
      finalFraction: 0,
    });
    const gradients = { x: new Float32Array([100 * (x[0]! - 1), 0.1 * (x[1]! - 0.5)]) };
    adamWStep(parameters, gradients, state, { ...config, learningRate });
  }
  assertClose(x, [1, 0.5], 1e-3);
});

Deno.test("learningRateAt() warms up linearly, then decays to its final fraction", () => {
  const schedule = { learningRate: 2, warmupSteps: 4, steps: 12, finalFraction: 0.25 };
  const course = (decay: "constant" | "cosine" | "linear") =>
    Array.from({ length: 14 }, (_, step) => learningRateAt(step, { ...schedule, decay }));
  const linear = [0.5, 1, 1.5, 2, 2, 1.8125, 1.625, 1.4375, 1.25, 1.0625, 0.875, 0.6875, 0.5, 0.5];
  assert.deepEqual(course("linear"), linear);
  assert.deepEqual(course("constant"), [0.5, 1, 1.5, ...new Array(11).fill(2)]);
  const cosine = course("cosine");
  assert.deepEqual(cosine.slice(0, 5), linear.slice(0, 5));
  assertClose([cosine[8]!, cosine[12]!, cosine[13]!], [1.25, 0.5, 0.5], 1e-12);
  // A quarter of the way: 0.25 + 0.75·(1 + cos(π/4))/2.
  assertClose([cosine[6]!], [2 * (0.25 + 0.75 * (1 + Math.SQRT1_2) / 2)], 1e-12);
});

Deno.test("learningRateAt() starts at the full rate without warm-up, even when a run is one step", () => {
  for (const decay of ["constant", "cosine", "linear"] as const) {
    const schedule = { learningRate: 3e-4, warmupSteps: 0, steps: 1, decay, finalFraction: 0 };
    assert.equal(learningRateAt(0, schedule), 3e-4);
  }
});
