/**
 * A sampling loop as the list of its evaluations, by a sampler with the values of its options. What is done with
 * each estimate x̂ depends on the noise levels alone, so the whole loop is known before it begins, and is carried
 * out on the host (`sample.ts`) or on a device (`steps/sampling.ts`).
 */
import { z } from "zod";
import { accepted, listed, RefusedValue, UserError } from "../../engine/host/mod.ts";
import {
  type Combination,
  type SamplerEntry,
  type SamplerName,
  samplerNames,
  samplers,
  type SolverStep,
  type Step,
} from "./samplers.ts";
import { type Inpainting, repaintOrder } from "./guidance.ts";
import {
  alphaSigma,
  type Amplitudes,
  type NoiseIncrease,
  noiseIncrease,
  type Points,
} from "./notation.ts";

type ShapeOf<Name extends SamplerName> = (typeof samplers)[Name]["options"]["shape"];
type OptionName = { [Name in SamplerName]: keyof ShapeOf<Name> }[SamplerName];
type OptionValue<Option extends OptionName> = {
  [Name in SamplerName]: ShapeOf<Name> extends Record<Option, infer Field>
    ? z.output<Field extends z.ZodType ? Field : never>
    : never;
}[SamplerName];

/** The options of all samplers; each belongs to some of them ({@link samplersWith}). */
export type SamplerOptions = { readonly [Option in OptionName]?: OptionValue<Option> | undefined };

/** A sampler with the values of its options. */
export interface Solver {
  readonly name: SamplerName;
  readonly order: 1 | 2;
  readonly evaluations: 1 | 2;
  readonly stochastic: boolean;
  start(): SolverStep;
}

/** Returns the samplers that have an option, with its default in each of them. */
export function samplersWith(option: OptionName): { name: SamplerName; default: unknown }[] {
  return samplerNames.flatMap((name) => {
    const field = (samplers[name].options.shape as z.ZodRawShape)[option];
    return field ? [{ name, default: z.parse(field, undefined) }] : [];
  });
}

/** The fields of a sampling request that only some samplers have, each optional. */
export const samplerOptionFields = Object.fromEntries(
  optionNames().map((option) => {
    const owners = samplersWith(option);
    const field = (samplers[owners[0]!.name].options.shape as z.ZodRawShape)[option];
    const inner = (field as z.ZodDefault<z.ZodType>).unwrap();
    const defaults = owners.map(({ name, default: value }) => `${name} (default ${value})`);
    return [option, inner.optional().describe(`${inner.description}: ${defaults.join(", ")}`)];
  }),
) as { [Option in OptionName]: z.ZodOptional<z.ZodType<OptionValue<Option>>> };

function optionNames(): OptionName[] {
  return [
    ...new Set(samplerNames.flatMap((name) => Object.keys(samplers[name].options.shape))),
  ] as OptionName[];
}

/**
 * Returns the sampler of a name with the values of its options.
 *
 * @throws {UserError} If an option does not belong to it, or is out of its range.
 */
export function solver(name: SamplerName, given: SamplerOptions = {}): Solver {
  const entry = samplers[name] as SamplerEntry<z.ZodRawShape>;
  const values = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
  const foreign = Object.keys(values).find((option) => !(option in entry.options.shape));
  if (foreign !== undefined) {
    throw new RefusedValue((nameOf) =>
      `${nameOf(foreign)} is ${JSON.stringify(values[foreign])} with ${nameOf("sampler")} ` +
      `"${name}": it belongs to ` +
      listed(samplersWith(foreign as OptionName).map(({ name }) => `"${name}"`)) +
      ", leave it out"
    );
  }
  const parsed = entry.options.safeParse(values);
  if (!parsed.success) {
    const option = String(parsed.error.issues[0]!.path[0]);
    throw new RefusedValue((nameOf) =>
      `${nameOf(option)} is ${JSON.stringify(values[option])} with ${nameOf("sampler")} ` +
      `"${name}", but must be ${accepted(entry.options.shape[option] as z.ZodType)}`
    );
  }
  const options = parsed.data;
  return {
    name,
    order: entry.order,
    evaluations: entry.evaluations,
    stochastic: entry.stochastic(options),
    start: () => entry.start(options),
  };
}

/** Noise to be drawn, by its number from 1 up: the same number always stands for the same noise. */
export type Draw = number;

/** One evaluation of the denoiser, what is done to the points before it, and the point reached by it. */
export interface Evaluation {
  /** The sampling step that it belongs to, 1 … steps. */
  readonly step: number;
  readonly steps: number;
  /** Moves to more noise, carried out first: z ← z·`z` + noise·`noise`. */
  readonly raises: readonly (NoiseIncrease & { readonly draw: Draw })[];
  /** The noise level at which x̂ is asked for. */
  readonly gamma: number;
  /** Whether the estimate before it still applies, so that the denoiser may be conditioned on it. */
  readonly hasPrevious: boolean;
  /** The point reached, from z_t, this estimate and the one before it. */
  readonly move: Combination & { readonly draw?: Draw | undefined };
  /** Whether it is asked at the point that the evaluation before it reached; `move` starts from z_t. */
  readonly corrects: boolean;
  /** Whether this is the last evaluation of its step: the point reached is the z_t of the next. */
  readonly endsStep: boolean;
  /** The noise level reached. */
  readonly reached: number;
  /** For in-painting: how the known part is put in place. Without a draw it gets no noise. */
  readonly known?: (Amplitudes & { readonly draw?: Draw | undefined }) | undefined;
}

export interface PlanOptions {
  readonly sampler: SamplerName;
  /** Options of the sampler. */
  readonly options?: SamplerOptions | undefined;
  /** γ at the start and after each step, strictly decreasing. With −∞ as the last level, the result is x̂. */
  readonly levels: readonly number[];
  readonly inpaint?: Pick<Inpainting<Points>, "resamples" | "jumpLength"> | undefined;
  /**
   * Whether the loop ends with an estimate x̂ at the last level, as a step that leaves the points as they
   * are. By default it ends with the points.
   */
  readonly endsWithEstimate?: boolean | undefined;
}

/**
 * Returns the evaluations of a sampling loop, in their order.
 *
 * @throws {UserError} If the levels are not strictly decreasing, or options contradict each other.
 */
export function samplingPlan(
  { sampler, options, levels, inpaint, endsWithEstimate = false }: PlanOptions,
): Evaluation[] {
  requireFallingLevels(levels);
  const method = solver(sampler, options);
  const order = stepOrder(levels.length - 1, inpaint);
  const steps = order.length + Number(endsWithEstimate);
  const plan: Evaluation[] = [];
  let draws = 0;
  let advance = method.start();
  let gamma = levels[0]!;
  let hasPrevious = false;
  for (const [index, start] of order.entries()) {
    const from = levels[start]!, to = levels[start + 1]!;
    const raises: (NoiseIncrease & { draw: Draw })[] = [];
    if (gamma < from) {
      raises.push({ ...noiseIncrease(gamma, from), draw: ++draws });
      // An estimate at a lower level does not apply to the point that noise was added to.
      advance = method.start();
      hasPrevious = false;
    }
    const { raise, corrected, ...move }: Step = advance(from, to);
    if (raise) raises.push({ ...raise, draw: ++draws });
    const shared = { step: index + 1, steps, reached: to };
    const first = {
      ...shared,
      raises,
      gamma: raise?.gamma ?? from,
      hasPrevious,
      move: { ...move, draw: move.noise > 0 ? ++draws : undefined },
      corrects: false,
    };
    const known = inpaint &&
      { ...alphaSigma(to), draw: to > -Infinity ? ++draws : undefined };
    if (corrected) {
      plan.push(
        { ...first, endsStep: false },
        {
          ...shared,
          raises: [],
          gamma: to,
          hasPrevious: true,
          move: corrected,
          corrects: true,
          endsStep: true,
          known,
        },
      );
    } else plan.push({ ...first, endsStep: true, known });
    hasPrevious = true;
    gamma = to;
  }
  if (endsWithEstimate) {
    const move = { z: 1, denoised: 0, noise: 0 };
    const [raises, corrects, endsStep] = [[], false, true];
    plan.push({
      step: steps,
      steps,
      raises,
      gamma,
      hasPrevious,
      move,
      corrects,
      endsStep,
      reached: gamma,
    });
  }
  return plan;
}

/** Returns whether a step, 1 … `steps`, is one of `count` steps that are evenly spaced from first to last. */
export function isFrame(step: number, steps: number, count: number): boolean {
  const shown = Math.min(count, steps);
  return Array.from(
    { length: shown },
    (_, i) => 1 + Math.round(i * (steps - 1) / Math.max(1, shown - 1)),
  ).includes(step);
}

/** Returns the index of the level that each step starts from. */
function stepOrder(steps: number, inpaint: PlanOptions["inpaint"]): number[] {
  const { jumpLength = 1, resamples = inpaint ? 10 : 1 } = inpaint ?? {};
  return repaintOrder(steps, jumpLength, resamples);
}

function requireFallingLevels(levels: readonly number[]): void {
  if (levels.length < 2) {
    throw new UserError(`levels has ${levels.length} entries: sampling needs at least 2`);
  }
  for (let i = 1; i < levels.length; i++) {
    if (!(levels[i]! < levels[i - 1]!)) {
      throw new UserError(
        `levels[${i}] = ${levels[i]} does not lie below levels[${i - 1}] = ${levels[i - 1]}: ` +
          "sampling goes from noisy (high γ) to clean (low γ)",
      );
    }
  }
}
