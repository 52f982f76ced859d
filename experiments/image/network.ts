/** The network of a configuration. */
import { type ImageNetwork, imageNetwork, type ImageShape } from "../../models/image/mod.ts";
import type { ImageConfig } from "../config.ts";

/** Without values; for pictures of this shape. */
export function networkOf(
  { size, network, self_condition }: ImageConfig,
  shape: ImageShape,
): ImageNetwork {
  return imageNetwork(size, shape, { kind: network, selfConditioned: self_condition > 0 });
}
