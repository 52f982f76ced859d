/** Whether the runs of a criterion can be compared at all, and whether in what it names alone. */
import { listed } from "../engine/host/mod.ts";
import {
  type MetricName,
  METRICS,
  modalities,
  namesOfFieldsWith,
  type Run,
} from "../experiments/mod.ts";
import type { Criterion } from "./criterion.ts";
import { isMeasured, type Side } from "./selection.ts";

/** Returns the fields in which runs must agree for a metric to mean the same in them. */
function dependence(metric: MetricName): readonly string[] {
  const { dependsOn = [] } = METRICS[metric]!;
  return dependsOn === "objective" ? ["modality", ...namesOfFieldsWith("objective")] : dependsOn;
}

/** Fields of the criterion whose values change what its metric means; none for a sound criterion. */
export function changesMeaning({ metric, group, against }: Criterion): string[] {
  if (against === undefined) return [];
  return dependence(metric).filter((field) =>
    group.parameters?.[field] !== against.parameters?.[field]
  );
}

/** The metric to use instead of one that may not be compared. */
export function comparableMetric(field: string): string {
  return namesOfFieldsWith("recording").includes(field)
    ? "give all runs the same"
    : `use ${modalities.map(({ metric, title }) => `${metric.name} (${title})`).join(" or ")}`;
}

/**
 * Why the numbers of the two sides, or of one side's several configurations, may not be compared.
 *
 * @returns A sentence without its full stop, or undefined where they may.
 */
export function invalidity({ metric }: Criterion, sides: readonly Side[]): string | undefined {
  const [group, other] = sides;
  const both = group!.runs.filter((run) => other?.runs.includes(run)).map(({ id }) => id);
  if (both.length > 0) return `Both sides of the criterion have ${listed(both)}`;
  const runs = countedRuns(metric, sides).flat();
  const [field] = dependence(metric).filter((name) => valuesOf(runs, name).size > 1);
  return field === undefined
    ? undefined
    : `The metric ${metric} does not mean the same under another ${field}: ${
      comparableMetric(field)
    }`;
}

/**
 * The fields other than those which the criterion names in which the runs differ, so that none can say
 * what made the difference. A difference that both sides have in equal parts, as in a grid, is none.
 * Sides that are chosen by label or by id may differ in one field, which is then what is compared.
 *
 * @returns Names of fields, and "data" for data sets of one name with other contents.
 */
export function confounders(criterion: Criterion, sides: readonly Side[]): string[] {
  const counted = countedRuns(criterion.metric, sides);
  const runs = counted.flat();
  const named = namedFields(criterion);
  const ignored = new Set<string>(["seed", ...namesOfFieldsWith("recording"), ...named]);
  const fields = [...new Set(["data", ...runs.flatMap(({ config }) => Object.keys(config))])];
  const differing = fields.filter((name) => !ignored.has(name) && valuesOf(runs, name).size > 1);
  const [group, other] = counted;
  if (differing.length === 0 || other === undefined) return differing;
  const uniform = differing.every((name) =>
    counted.every((side) => valuesOf(side, name).size === 1)
  );
  if (named.length === 0 && uniform && consequences(differing).length === 1) return [];
  return sameParts(group!, other, differing) ? [] : differing;
}

function countedRuns(metric: MetricName, sides: readonly Side[]): Run[][] {
  return sides.map(({ runs }) => runs.filter((run) => isMeasured(run, metric)));
}

/**
 * The fields that a criterion's sides are told apart by, and those that follow them. Where both sides name a field,
 * one that only one of them names narrows that side, and the claim is not about it.
 */
function namedFields({ group, against }: Criterion): string[] {
  const own = Object.keys(group.parameters ?? {}), others = Object.keys(against?.parameters ?? {});
  const common = own.filter((field) => others.includes(field));
  const named = common.length > 0 ? common : [...own, ...others];
  return [
    ...named,
    ...(named.includes("steps") ? ["warmup_steps"] : []),
    ...(named.includes("dataset") ? ["data"] : []),
  ];
}

/** Without fields that merely follow another one: the warm-up is a part of the steps. */
function consequences(fields: readonly string[]): string[] {
  return fields.filter((name) =>
    !(name === "warmup_steps" && fields.includes("steps")) &&
    !(name === "data" && fields.includes("dataset"))
  );
}

/** Whether each combination of these fields' values has as many seeds on one side as on the other. */
function sameParts(a: readonly Run[], b: readonly Run[], fields: readonly string[]): boolean {
  const [left, right] = [seedsByValues(a, fields), seedsByValues(b, fields)];
  return left.size === right.size &&
    [...left].every(([values, seeds]) => right.get(values)?.size === seeds.size);
}

function seedsByValues(runs: readonly Run[], fields: readonly string[]): Map<string, Set<number>> {
  const groups = Map.groupBy(runs, (run) => JSON.stringify(fields.map((f) => valueOf(run, f))));
  return new Map(
    [...groups].map(([values, group]) => [values, new Set(group.map(({ config }) => config.seed))]),
  );
}

function valuesOf(runs: readonly Run[], field: string): Set<unknown> {
  return new Set(runs.map((run) => valueOf(run, field)));
}

function valueOf(run: Run, field: string): unknown {
  if (field === "data") return run.datasetHash ?? run.config.dataset;
  return (run.config as Readonly<Record<string, unknown>>)[field];
}
