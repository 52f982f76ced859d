/** A batch cut into slices, and the results of the slices made one. */
import { allocate, elementCount } from "./signature.ts";
import type { Arrays, Signature, TensorSpec } from "./types.ts";

/** The views of replica `index` on the arrays: its part of those that are split, all of the others. */
export function sliceOf(
  arrays: Arrays,
  signature: Signature,
  split: readonly string[],
  index: number,
): Arrays {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => {
      const length = elementCount(signature[name]!);
      const start = split.includes(name) ? index * length : 0;
      return [name, array.subarray(start, start + length)];
    }),
  );
}

/** Computes the means of the replicas' outputs into arrays made once. */
export function meansOf(outputs: Signature, results: readonly Arrays[]): () => Arrays {
  const means = allocateAll(outputs, 1);
  return () => {
    for (const [name, mean] of Object.entries(means)) {
      const arrays = results.map((result) => result[name]!);
      let sum = arrays[0]!;
      if (arrays.length === 1) {
        mean.set(sum);
        continue;
      }
      // Two replicas are the common case, and take a single pass.
      const last = arrays.at(-1)!;
      for (const array of arrays.slice(1, -1)) {
        for (let i = 0; i < mean.length; i++) mean[i] = sum[i]! + array[i]!;
        sum = mean;
      }
      const share = 1 / arrays.length;
      for (let i = 0; i < mean.length; i++) mean[i] = (sum[i]! + last[i]!) * share;
    }
    return means;
  };
}

/** Joins the replicas' outputs along their first axis into arrays made once. */
export function joinsOf(outputs: Signature, results: readonly Arrays[]): () => Arrays {
  const joined = allocateAll(outputs, results.length);
  return () => {
    for (const [name, whole] of Object.entries(joined)) {
      results.forEach((result, i) => whole.set(result[name]!, i * result[name]!.length));
    }
    return joined;
  };
}

function allocateAll(signature: Signature, times: number): Arrays {
  return Object.fromEntries(
    Object.entries(signature).map(([name, spec]) => [name, allocate(timesBatch(spec, times))]),
  );
}

/** A tensor with `times` as many rows. */
export function timesBatch(spec: TensorSpec, times: number): TensorSpec {
  if (times === 1) return spec;
  const [batch = 1, ...rest] = spec.shape;
  return { ...spec, shape: [batch * times, ...rest] };
}
