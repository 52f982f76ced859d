import { UserError } from "../../engine/host/mod.ts";
import { type AncestralVariance, ddim, ddpm, euler, eulerAncestral } from "./first_order.ts";
import { dpmpp2m, dpmpp2mSde, flowHeun, heun } from "./second_order.ts";
import type { SamplerName } from "./names/mod.ts";
import type { Solver } from "./solver.ts";

/** What some samplers take. */
export interface SolverOptions {
  /** η in [0, 1], the part of DDPM's noise: of "ddim" (default 0), "euler-ancestral" and
   * "dpmpp-2m-sde" (default 1). */
  readonly eta?: number;
  /** The variance of "ddpm", by default "small". */
  readonly variance?: AncestralVariance;
  /** By how much "euler" and "heun" raise σ' before each step, 0 (default) to √2 − 1. */
  readonly churn?: number;
}

const solvers: {
  readonly [Name in SamplerName]: {
    readonly takes: readonly (keyof SolverOptions)[];
    make(options: SolverOptions): Solver;
  };
} = {
  ddpm: { takes: ["variance"], make: ({ variance }) => ddpm(variance) },
  ddim: { takes: ["eta"], make: ({ eta }) => ddim(eta) },
  euler: { takes: ["churn"], make: ({ churn }) => euler(churn) },
  "euler-ancestral": { takes: ["eta"], make: ({ eta }) => eulerAncestral(eta) },
  heun: { takes: ["churn"], make: ({ churn }) => heun(churn) },
  "flow-heun": { takes: [], make: () => flowHeun() },
  "dpmpp-2m": { takes: [], make: () => dpmpp2m() },
  "dpmpp-2m-sde": { takes: ["eta"], make: ({ eta }) => dpmpp2mSde(eta) },
};

const optionNames = ["eta", "variance", "churn"] as const satisfies (keyof SolverOptions)[];

/**
 * The solver of this name.
 *
 * @throws {UserError} If an option does not belong to it, or is out of its range.
 */
export function solver(name: SamplerName, options: SolverOptions = {}): Solver {
  const { takes, make } = solvers[name];
  for (const option of optionNames) {
    if (options[option] === undefined || takes.includes(option)) continue;
    const others = Object.entries(solvers).filter(([, { takes }]) => takes.includes(option));
    throw new UserError(
      `${option} is ${JSON.stringify(options[option])} with sampler "${name}": it belongs to ` +
        listed(others.map(([other]) => `"${other}"`)),
    );
  }
  return make(options);
}

function listed(names: readonly string[]): string {
  return [names.slice(0, -1).join(", "), names.at(-1)].filter(Boolean).join(" and ");
}
