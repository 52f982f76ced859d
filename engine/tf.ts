/**
 * The one TensorFlow.js namespace of the program: the core, its gradients, and the plain cpu backend.
 * A second copy of the core would have a registry of its own, so everything takes `tf` from here.
 *
 * The core's package holds the gradients in a form that only bundlers can load (ES modules without
 * file extensions). The bundle of `tfjs-layers` contains them and registers them, which is what it is
 * imported for; the union package does the same at four times the size. Methods of tensors, such as
 * `x.add(y)`, come with the union package alone: write `tf.add(x, y)`.
 */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { registerProductGradient } from "./product_gradient.ts";

registerProductGradient();
// The greeting tfjs prints on a first tensor would otherwise land on an MCP server's stdout.
tf.env().set("PROD", true);

export { tf };
