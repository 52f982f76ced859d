/** Networks for images. TensorFlow.js is loaded when one of them is built. */
export { type ImageNetwork, type ImageShape, type ImageSize, imageSizes } from "./shape.ts";
export { imageNetwork, imageNetworkNames, imageNetworks } from "./networks.ts";
