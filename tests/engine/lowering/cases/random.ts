import { RANDOM_NORMAL, RANDOM_UNIFORM } from "../../../../engine/random.ts";
import { randomNormal, randomUniform, type tf } from "../../../../engine/mod.ts";
import { integers } from "../inputs.ts";
import type { KernelCase } from "../parity.ts";

const draws = [[RANDOM_UNIFORM, randomUniform], [RANDOM_NORMAL, randomNormal]] as const;

const keys = [[0, 0], [1, 7], [2 ** 31, 1], [2 ** 32 - 1, 2 ** 31 - 1]] as const;

export const randomCases: readonly KernelCase[] = draws.flatMap(([kernel, draw]) => [
  ...keys.map(([seed, step]): KernelCase => ({
    kernel,
    name: `seed ${seed}, step ${step}`,
    inputs: [integers([seed | 0], []), integers([step], [])],
    fn: (seed: tf.Tensor, step: tf.Tensor) => draw({ seed, stream: "noise", step }, [500, 4]),
    // The host computes normal numbers with more digits.
    atol: kernel === RANDOM_NORMAL ? 3e-6 : 0,
    rtol: kernel === RANDOM_NORMAL ? 1e-5 : 0,
  })),
  {
    kernel,
    name: "an odd count, a fixed seed",
    inputs: [integers([3], [1])],
    fn: (step: tf.Tensor) => draw({ seed: 5, stream: "ä", step }, [3, 7]),
    atol: 3e-6,
  },
]);
