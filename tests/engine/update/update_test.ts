import assert from "node:assert/strict";
import {
  adamWStep,
  type Arrays,
  compileMuon,
  CONTROL_SIGNATURE,
  controlArrays,
  createAdamW,
  flatLayout,
  flatten,
  normals,
  openEngine,
  type Parameters,
  stateSignature,
  tf,
  unflatten,
  updateEma,
  updateFunction,
  WINDOW,
} from "../../../engine/mod.ts";
import { interpretedEngine } from "../kernels/interpreted_engine.ts";

const specs = [
  { name: "first", shape: [6, 5] },
  { name: "bias", shape: [5] },
  { name: "second", shape: [5, 3] },
  { name: "third", shape: [5, 3] },
  { name: "table", shape: [4, 3] },
  { name: "offset", shape: [] },
];
const layout = flatLayout(specs);
const batch = { x: { shape: [7, 6], dtype: "float32" }, factor: { shape: [], dtype: "float32" } };
const signature = batch as Record<string, { shape: number[]; dtype: "float32" }>;

/** A loss in which every parameter matters. */
function step(inputs: Record<string, tf.Tensor>): Record<string, tf.Tensor> {
  const names = specs.map(({ name }) => name);
  const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
    const p = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
    const hidden = tf.tanh(
      tf.add(tf.matMul(inputs.x as tf.Tensor2D, p.first as tf.Tensor2D), p.bias!),
    );
    const out = tf.matMul(
      hidden as tf.Tensor2D,
      tf.add(p.second!, tf.square(p.third!)) as tf.Tensor2D,
    );
    const seen = tf.matMul(tf.slice(hidden, [0, 0], [7, 4]) as tf.Tensor2D, p.table as tf.Tensor2D);
    const error = tf.sub(tf.add(tf.add(out, seen), p.offset!), 0.3);
    return tf.mul(tf.mean(tf.square(error)), inputs.factor!) as tf.Scalar;
  })(names.map((name) => inputs[name]!));
  return {
    loss: value,
    ...Object.fromEntries(names.map((name, i) => [`grad/${name}`, grads[i]!])),
  };
}

const draw = (stream: string, count: number, step = 0) => normals({ seed: 4, stream, step }, count);
const batchOf = (i: number): Arrays => ({ x: draw("x", 42, i), factor: Float32Array.of(1) });

function start(): Parameters {
  return Object.fromEntries(specs.map(({ name, shape }) => {
    const size = shape.reduce((x, y) => x * y, 1);
    return [name, { shape, data: draw(name, size).map((value) => value / 2) }];
  }));
}

const ADAM = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.1 };
const treatments = { table: { learningRateFactor: 3, weightDecay: 0.02 } };
const rates = (i: number) => ({ learningRate: 0.02 / (1 + i), muonLearningRate: 0.05 / (1 + i) });
const cpu = await openEngine({ device: "cpu" });

/** What the optimiser on the host makes of some steps. */
async function onHost(steps: number, muonNames: readonly string[], gradientClip: number) {
  const parameters = start();
  const ema = start();
  const state = createAdamW(parameters);
  const muon = muonNames.length > 0 ? await compileMuon(cpu, parameters, muonNames) : null;
  const program = await cpu.compile(step, {
    ...signature,
    ...Object.fromEntries(specs.map(({ name, shape }) => [name, { shape, dtype: "float32" }])),
  });
  let [loss, gradientNorm] = [0, 0];
  for (let i = 0; i < steps; i++) {
    const values = Object.fromEntries(specs.map(({ name }) => [name, parameters[name]!.data]));
    const outputs = await program.run({ ...batchOf(i), ...values });
    const gradients = Object.fromEntries(
      specs.map(({ name }) => [name, outputs[`grad/${name}`] as Float32Array]),
    );
    const { learningRate, muonLearningRate } = rates(i);
    const taken = adamWStep(parameters, gradients, state, {
      ...ADAM,
      learningRate,
      gradientClip,
      treatments,
      ...(muon ? { except: muon.names } : {}),
    });
    await muon?.step(parameters, gradients, state.m, {
      learningRate: muonLearningRate,
      weightDecay: ADAM.weightDecay,
      scale: taken.scale,
    });
    updateEma(ema, parameters, 0.7);
    loss += outputs.loss![0]!;
    gradientNorm += taken.gradientNorm;
  }
  return { parameters, ema, state, loss, gradientNorm };
}

/** The same by the function of tensors, interpreted as kernels. */
async function resident(muon: readonly string[], gradientClip: number) {
  const fn = updateFunction(step, layout, { ...ADAM, gradientClip, treatments, muon });
  const program = await interpretedEngine.compileResident!(
    fn,
    { ...signature, ...CONTROL_SIGNATURE },
    stateSignature(layout),
  );
  const begin = start();
  const flat = flatten(layout, (name) => begin[name]!.data);
  program.write({ parameters: flat, ema: flat });
  return {
    program,
    take: (i: number, inputs = batchOf(i)) =>
      program.enqueue({
        ...inputs,
        ...controlArrays(ADAM, { ...rates(i), step: i, emaDecay: 0.7 }),
      }),
    async read() {
      const arrays = Object.fromEntries(
        Object.entries(program.state).map(([name, { shape }]) => [
          name,
          new Float32Array(shape[0]!),
        ]),
      );
      await program.read(arrays);
      return arrays as Record<string, Float32Array>;
    },
  };
}

function close(name: string, actual: Float32Array, expected: Float32Array): void {
  expected.forEach((value, i) => {
    const off = Math.abs(actual[i]! - value);
    assert.ok(off <= 2e-5 + 1e-4 * Math.abs(value), `${name}[${i}] is ${actual[i]}, not ${value}`);
  });
}

const cases = {
  "AdamW": { muon: [], clip: 0 },
  "AdamW with clipped gradients": { muon: [], clip: 0.5 },
  "Muon for two shapes of matrices": { muon: ["first", "second", "third"], clip: 0.5 },
};

for (const [name, { muon, clip }] of Object.entries(cases)) {
  Deno.test(`ten steps on the device are those on the host: ${name}`, async () => {
    const expected = await onHost(10, muon, clip);
    const { take, read } = await resident(muon, clip);
    for (let i = 0; i < 10; i++) take(i);
    const state = await read();
    const target = start();
    const compare = (what: string, arrayOf: (name: string) => Float32Array) => {
      unflatten(layout, state[what]!, (name) => target[name]!.data);
      for (const { name } of specs) close(`${what} ${name}`, target[name]!.data, arrayOf(name));
    };
    compare("parameters", (name) => expected.parameters[name]!.data);
    compare("ema", (name) => expected.ema[name]!.data);
    compare("first_moment", (name) => expected.state.m[name]!);
    compare("second_moment", (name) => expected.state.v[name]!);
    close("window", state.window!, Float32Array.of(expected.loss, expected.gradientNorm, 0));
  });
}

Deno.test("a step whose loss is not finite changes nothing and is counted", async () => {
  const { take, read } = await resident([], 1);
  take(0);
  const before = await read();
  take(1, { ...batchOf(1), factor: Float32Array.of(Infinity) });
  const after = await read();
  for (const name of ["parameters", "ema", "first_moment", "second_moment"]) {
    assert.deepEqual(after[name], before[name]);
  }
  assert.equal(after.window![WINDOW.loss], before.window![WINDOW.loss]);
  assert.equal(after.window![WINDOW.refused], 1);
});

Deno.test("what lies behind the last parameter stays zero", async () => {
  const { take, read } = await resident(["first"], 1);
  for (let i = 0; i < 3; i++) take(i);
  const { parameters } = await read();
  const last = layout.slots.at(-1)!;
  assert.ok(parameters!.subarray(last.start + last.size).every((value) => value === 0));
});
