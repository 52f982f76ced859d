/** Resizing of images. */
import { enlarge, enlargeGradient } from "../graph/resize.ts";
import { tf } from "../tf.ts";
import { type LoweringTable, operand } from "./lowering.ts";

interface ResizeAttributes {
  readonly alignCorners: boolean;
  readonly halfPixelCenters?: boolean;
}

function requireAsymmetric({ alignCorners, halfPixelCenters }: ResizeAttributes): void {
  if (alignCorners || halfPixelCenters) {
    throw new Error(
      "Resize with alignCorners or halfPixelCenters: only the default can be compiled",
    );
  }
}

export const resizeLowerings: LoweringTable = {
  [tf.ResizeNearestNeighbor]: (b, operands, attributes: tf.ResizeNearestNeighborAttrs) => {
    requireAsymmetric(attributes);
    const images = operand(operands, "images");
    const [n, , , c] = images.shape as [number, number, number, number];
    return enlarge(b, images, [n, ...attributes.size, c]);
  },
  [tf.ResizeNearestNeighborGrad]: (b, operands, attributes: ResizeAttributes) => {
    requireAsymmetric(attributes);
    const images = operand(operands, "images");
    const shape = images.shape as [number, number, number, number];
    return enlargeGradient(b, operand(operands, "dy"), shape);
  },
};
