/**
 * TensorFlow.js's random numbers in a traced function. They are drawn when the function is traced, so
 * that every run of the compiled program would see the same ones: they are refused.
 */
import { Refusal } from "./refusal.ts";
import { tf } from "./tf.ts";

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
