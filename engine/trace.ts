import { GraphBuilder } from "./graph/builder.ts";
import { constantTensor } from "./graph/elementwise.ts";
import type { Dialect } from "./graph/dialect.ts";
import type { Graph, Value } from "./graph/value.ts";
import { UserError } from "./host/mod.ts";
import { withPlaces } from "./place.ts";
import { withoutRandomness } from "./randomness.ts";
import { RECORDER, recorder } from "./recorder.ts";
import { tf } from "./tf.ts";
import type { Constant, Signature, TensorFunction } from "./types.ts";

/**
 * Runs `fn` once on tensors without values, and returns the graph of what it does.
 *
 * @param fn A function of its inputs alone. What it does must not depend on elements of tensors.
 * @param inputs Shapes and types of the inputs by name.
 * @param constants Further inputs whose values are known.
 * @param dialect What the graph's runtime has; without it the graph is for
 *   ONNX Runtime on the CPU of any machine.
 * @param replicas How many of the graph run side by side on parts of a batch.
 * @throws If `fn` looks at values, or uses a kernel without a lowering: the message names the kernel
 *   and the place in `fn`.
 */
export function trace(
  fn: TensorFunction,
  inputs: Signature,
  constants: Readonly<Record<string, Constant>> = {},
  dialect: Partial<Dialect> = {},
  replicas = 1,
): Graph {
  const backend = recorder();
  const builder = new GraphBuilder(dialect, replicas);
  const before = tf.engine().backendName;
  tf.setBackend(RECORDER);
  try {
    return backend.record(builder, () => {
      const outputs: Record<string, Value> = {};
      tf.engine().startScope("trace");
      try {
        const tensors: Record<string, tf.Tensor> = {};
        for (const [name, spec] of Object.entries(inputs)) {
          tensors[name] = backend.tensor(builder.input(name, spec));
        }
        for (const [name, { data, shape }] of Object.entries(constants)) {
          tensors[name] = backend.tensor(constantTensor(builder, data, shape));
        }
        const results = withPlaces(() => withoutRandomness(() => fn(tensors)));
        for (const [name, tensor] of Object.entries(results)) {
          if (!(tensor instanceof tf.Tensor)) {
            throw new UserError(`Output ${JSON.stringify(name)} is no tensor: it is ${tensor}`);
          }
          outputs[name] = backend.value(tensor);
        }
      } finally {
        tf.engine().endScope();
      }
      return builder.finish(outputs);
    });
  } finally {
    // Without a backend before, tensors must not end up on the recorder afterwards.
    tf.setBackend(before ?? "cpu");
  }
}
