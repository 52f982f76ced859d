/** The embeddings on the host. */
import type { Parameters } from "../../../engine/mod.ts";
import { EMBEDDINGS } from "./denoiser.ts";
import type { TextNetwork } from "./network.ts";

/** Row-major [V, d]: of unit length, unless the network leaves them free. */
export function embeddingsOf(parameters: Parameters, network: TextNetwork): Float32Array {
  const { shape, data } = parameters[EMBEDDINGS]!;
  if (!network.options.unitNorm) return data;
  const d = shape[1]!;
  return data.map((value, i) => {
    const row = Math.floor(i / d) * d;
    return value / Math.hypot(...data.subarray(row, row + d));
  });
}
