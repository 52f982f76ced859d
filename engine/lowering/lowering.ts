/** The form of a lowering, and the refusals of what cannot be compiled, with the place where a traced function did it. */
import type { GraphBuilder } from "../graph/builder.ts";
import type { Value } from "../graph/value.ts";
import { UserError } from "../host/mod.ts";
import { tf } from "../tf.ts";

/** The operands of these names, which are TensorFlow.js's ("0", "1", … for lists). */
export type Of<Names extends string = string> = Readonly<Record<Names, Value>>;

/**
 * How one TensorFlow.js kernel becomes ONNX operators: from its operands and attributes to its
 * result, or results. `A` is TensorFlow.js's own type for the kernel's attributes.
 */
export type Lowering<A = unknown, Operands = never> = (
  b: GraphBuilder,
  operands: Operands,
  attributes: A,
) => Value | readonly Value[];

/** Lowerings by kernel name. `never` lets rows state the operands and attributes they take. */
export type LoweringTable = Readonly<Record<string, Lowering<never>>>;

/**
 * What a traced function asks for and the compiler does not offer: a kernel, a variant of one, or an
 * element type. Nothing was computed; the function has to be written differently.
 */
export class Refusal extends UserError {
  /**
   * @param kernel The kernel's name in TensorFlow.js.
   * @param whole Whether the whole kernel is missing, rather than this use of it.
   */
  constructor(readonly kernel: string, message: string, readonly whole = false) {
    super(message);
  }
}

/** Refuses one use of a kernel: `what` it is, and what could be compiled `instead`. */
export function refuse(kernel: string, what: string, instead: string): never {
  throw new Refusal(kernel, `${kernel} ${what}: ${instead}`);
}

const ENGINE = new URL("..", import.meta.url).href;

/** Runs `body` with stacks deep enough to reach the caller through TensorFlow.js, and places its errors. */
export function withPlaces<T>(body: () => T): T {
  const { stackTraceLimit } = Error;
  // TensorFlow.js alone fills the ten frames that a stack has by default.
  Error.stackTraceLimit = 100;
  try {
    return body();
  } catch (error) {
    throw error instanceof Error ? placed(error) : error;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** An error out of TensorFlow.js or the engine, its message ending in the author's line. */
function placed(error: Error): Error {
  const [innermost, ...outer] = framesOf(error);
  // What the author's own code throws is left as it is.
  if (!innermost || isCallerFrame(innermost)) return error;
  const place = outer.find(isCallerFrame);
  if (!place) return error;
  const { message } = error;
  error.message = `${message} (${place.replace("file://", "")})`;
  error.stack = error.stack!.replace(message, () => error.message);
  return error;
}

function framesOf({ stack = "" }: Error): string[] {
  return stack.split("\n").map((line) => line.trim()).filter((line) => line.startsWith("at "));
}

function isCallerFrame(frame: string): boolean {
  return frame.includes("file:") && !frame.includes(ENGINE) && !/node_modules|\/npm\//.test(frame);
}

const RANDOM_OPS = new Set([
  "dropout",
  "multinomial",
  "rand",
  "randomGamma",
  "randomNormal",
  "randomStandardNormal",
  "randomUniform",
  "randomUniformInt",
  "truncatedNormal",
]);

/** Refuses a literal that is written on behalf of one of TensorFlow.js's random operators. */
export function refuseRandomness(): void {
  // The scopes of TensorFlow.js's operators are called "dropout__op" and the like.
  const scopes = tf.engine().state.scopeStack.map(({ name }) => name?.replace(/__op$/, ""));
  const op = scopes.find((name) => RANDOM_OPS.has(name));
  if (op) refuseRandom(`tf.${op}`, op);
}

/** Runs `body` while `Math.random` refuses: its numbers would be frozen into the graph. */
export function withoutRandomness<T>(body: () => T): T {
  const { random } = Math;
  Math.random = () => {
    refuseRandomness();
    return refuseRandom("Math.random", "random");
  };
  try {
    return body();
  } finally {
    Math.random = random;
  }
}

function refuseRandom(what: string, kernel: string): never {
  throw new Refusal(
    kernel,
    `${what} in a traced function would draw once, and every run would see the same numbers: ` +
      "use dropout(), randomNormal() or randomUniform() of engine/mod.ts, which are functions of " +
      "(seed, stream, step), or give the numbers as an input",
  );
}
