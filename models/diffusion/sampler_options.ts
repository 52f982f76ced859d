/**
 * The options of samplers, derived from the registry: in a sampling request, where each belongs to some of
 * the samplers, and as the values that a sampler runs with.
 */
import { z } from "zod";
import { accepted, listed, RefusedValue } from "../../engine/host/mod.ts";
import {
  type SamplerEntry,
  type SamplerName,
  samplerNames,
  samplers,
  type SolverStep,
} from "./samplers.ts";

type ShapeOf<Name extends SamplerName> = (typeof samplers)[Name]["options"]["shape"];
type OptionName = { [Name in SamplerName]: keyof ShapeOf<Name> }[SamplerName];
type OptionValue<Option extends OptionName> = {
  [Name in SamplerName]: ShapeOf<Name> extends Record<Option, infer Field>
    ? z.output<Field extends z.ZodType ? Field : never>
    : never;
}[SamplerName];

/** The options of all samplers; each belongs to some of them ({@link samplersWith}). */
export type SamplerOptions = { readonly [Option in OptionName]?: OptionValue<Option> | undefined };

/** A sampler with the values of its options; its fields are those of {@link SamplerEntry}. */
export interface Solver extends Pick<SamplerEntry<z.ZodRawShape>, "order" | "evaluations"> {
  readonly name: SamplerName;
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
export function solver(name: SamplerName, options: SamplerOptions = {}): Solver {
  const entry = samplers[name] as SamplerEntry<z.ZodRawShape>;
  const values = Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined));
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
  return {
    name,
    order: entry.order,
    evaluations: entry.evaluations,
    stochastic: entry.stochastic(parsed.data),
    start: () => entry.start(parsed.data),
  };
}
