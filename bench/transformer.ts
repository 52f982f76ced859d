/** The transformer of the benchmark: the same as `Transformer` in peers/train_step.py. */
import { tf } from "../engine/mod.ts";
import {
  attention,
  declarations,
  embedding,
  gelu,
  layerNorm,
  linear,
  type ParameterSpec,
  type Scope,
  type Tensors,
  unitNormal,
} from "../models/layers/mod.ts";
import { perExampleInput, type Step } from "../models/steps/mod.ts";

export interface TransformerConfig {
  readonly symbols: number;
  readonly length: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
}

/** The network's parameters, and a training step on `tokens` and `targets`, both [N, length] int32. */
export function transformer(
  config: TransformerConfig,
): { readonly specs: readonly ParameterSpec[]; readonly step: Step } {
  const { root, specs } = declarations();
  const logits = network(root, config);
  const names = specs.map(({ name }) => name);
  const apply: Step["apply"] = (inputs) => {
    const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
      const parameters = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
      const scores = tf.logSoftmax(logits(parameters, inputs.tokens!));
      const hits = tf.oneHot(tf.reshape(inputs.targets!, [-1]), config.symbols, 1, 0, "float32");
      return tf.neg(tf.mean(tf.sum(tf.mul(hits, scores), -1))) as tf.Scalar;
    })(names.map((name) => inputs[name]!));
    return {
      loss: value,
      ...Object.fromEntries(names.map((name, i) => [`grad/${name}`, grads[i]!])),
    };
  };
  const tokens = perExampleInput([config.length], "int32");
  return { specs, step: { parameters: specs, inputs: { tokens, targets: tokens }, apply } };
}

function network(scope: Scope, { symbols, length, width, layers, heads }: TransformerConfig) {
  const embed = embedding(scope.at("embed"), symbols, width);
  const position = scope.declare("position", [length, width], unitNormal);
  const blocks = Array.from(
    { length: layers },
    (_, i) => block(scope.at(`block${i}`), width, heads),
  );
  const norm = layerNorm(scope.at("norm"), width);
  const head = linear(scope.at("head"), width, symbols);
  return (p: Tensors, tokens: tf.Tensor): tf.Tensor => {
    const n = tokens.shape[0]!;
    const vectors = embed(p, tf.reshape(tokens, [-1])); // [N·length, width]
    let x = tf.add(tf.reshape(vectors, [n, length, width]), position(p));
    for (const apply of blocks) x = apply(p, x);
    return tf.reshape(head(p, norm(p, x)), [-1, symbols]);
  };
}

function block(scope: Scope, width: number, heads: number) {
  const norm1 = layerNorm(scope.at("norm1"), width);
  const query = linear(scope.at("query"), width, width);
  const key = linear(scope.at("key"), width, width);
  const value = linear(scope.at("value"), width, width);
  const output = linear(scope.at("output"), width, width);
  const norm2 = layerNorm(scope.at("norm2"), width);
  const up = linear(scope.at("up"), width, 4 * width);
  const down = linear(scope.at("down"), 4 * width, width);
  return (p: Tensors, x: tf.Tensor): tf.Tensor => {
    const [n, length] = x.shape as [number, number];
    const split = (y: tf.Tensor) =>
      tf.transpose(tf.reshape(y, [n, length, heads, width / heads]), [0, 2, 1, 3]);
    const h = norm1(p, x);
    const mixed = attention(split(query(p, h)), split(key(p, h)), split(value(p, h)));
    x = tf.add(x, output(p, tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), x.shape)));
    return tf.add(x, down(p, gelu(up(p, norm2(p, x)))));
  };
}
