import { fanInUniform, ones } from "../../../models/layers/parameters.ts";
import assert from "node:assert/strict";
import { tf } from "../../../engine/mod.ts";
import {
  declarations,
  initialParameters,
  linear,
  parameterCount,
  type ParameterSpec,
  unitNormal,
  zeros,
} from "../../../models/layers/mod.ts";

const specs: ParameterSpec[] = [
  { name: "a", shape: [40, 100], init: fanInUniform(16), hidden: false },
  { name: "b", shape: [4000], init: unitNormal, hidden: false },
  { name: "c", shape: [3], init: zeros, hidden: false },
  { name: "d", shape: [2, 2], init: ones, hidden: false },
];

Deno.test("a scope names parameters by their path and lists them in order", () => {
  const { root, specs } = declarations();
  linear(root.at("block").at("first"), 3, 2);
  root.declare("scale", [], ones);
  assert.deepEqual(specs.map(({ name, shape }) => [name, shape]), [
    ["block.first.weight", [3, 2]],
    ["block.first.bias", [2]],
    ["scale", []],
  ]);
  assert.equal(parameterCount(specs), 9);
});

Deno.test("a hidden layer's weight is marked for Muon, its bias and other parameters are not", () => {
  const { root, specs } = declarations();
  linear(root.at("inner"), 3, 2, { hidden: true });
  linear(root.at("outer"), 3, 2);
  assert.deepEqual(specs.filter(({ hidden }) => hidden).map(({ name }) => name), ["inner.weight"]);
});

Deno.test("a scope refuses one name for two parameters", () => {
  const { root } = declarations();
  root.at("x").declare("weight", [1], zeros);
  assert.throws(() => root.at("x").declare("weight", [2], zeros), {
    message: "Parameter x.weight is declared twice",
  });
});

Deno.test("a layer names the parameter that it was not given", () => {
  const { root } = declarations();
  const layer = linear(root.at("first"), 3, 2);
  assert.throws(() => layer({ "first.weight": tf.zeros([3, 2]) }, tf.zeros([1, 3])), {
    message: "Parameter first.bias [2] is missing",
  });
});

Deno.test("initialParameters() fills each parameter as its spec says", () => {
  const { a, b, c, d } = initialParameters(specs, 7);
  const statistics = (values: Float32Array) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return { mean, deviation: Math.sqrt(square), largest: Math.max(...values.map(Math.abs)) };
  };
  const uniform = statistics(a!.data), normal = statistics(b!.data);
  assert.ok(uniform.largest <= 0.25 && uniform.largest > 0.249);
  assert.ok(Math.abs(uniform.mean) < 0.01);
  assert.ok(Math.abs(uniform.deviation - 0.25 / Math.sqrt(3)) < 0.005);
  assert.ok(Math.abs(normal.mean) < 0.06 && Math.abs(normal.deviation - 1) < 0.05);
  assert.deepEqual([...c!.data], [0, 0, 0]);
  assert.deepEqual([...d!.data], [1, 1, 1, 1]);
  assert.deepEqual(d!.shape, [2, 2]);
});

Deno.test("initialParameters() depends on the seed and a parameter's name, on nothing else", () => {
  const first = initialParameters(specs, 7);
  assert.deepEqual(initialParameters(specs, 7), first);
  assert.notDeepEqual(initialParameters(specs, 8).a, first.a);
  assert.deepEqual(initialParameters([specs[1]!], 7).b, first.b);
  const renamed = initialParameters([{ ...specs[1]!, name: "other" }], 7).other;
  assert.notDeepEqual(renamed, first.b);
});
