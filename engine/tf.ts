/**
 * The one TensorFlow.js namespace of the program. Importing the whole package (rather than its core
 * alone) is what registers the gradients, and a second copy of the core would have a registry of its
 * own, so everything takes `tf` from here.
 */
import * as tf from "@tensorflow/tfjs";

// The greeting tfjs prints on a first tensor would otherwise land on an MCP server's stdout.
tf.env().set("PROD", true);

export { tf };
