/** What to do about a run: changes that can be compared, so that no two of them contradict. */
import type { RunConfig } from "../config.ts";

/** A change to the configuration of the next run. */
export type Change =
  | "more"
  | "less"
  /** In a direction that the curves do not tell. */
  | "other"
  | { readonly set: string | number };

/** One thing to change, or to do with the run itself. */
export type Advice =
  | { readonly field: AdvisedField; readonly change: Change; readonly note?: string }
  | { readonly field: "run"; readonly change: "resume" | "stop"; readonly note?: string };

export type AdvisedField =
  | "steps"
  | "learning_rate"
  | "warmup_steps"
  | "gradient_clip"
  | "weight_decay"
  | "ema_decay"
  | "size"
  | "dataset"
  | "positions"
  | "rounding"
  | "embedding_norm"
  | "schedule";

/**
 * Whether two pieces of advice cannot both be followed: a field is to change in two ways, or a run
 * is to go on that is to be given up, changed, or cut short.
 */
export function contradict(a: Advice, b: Advice): boolean {
  if (a.field === b.field) return JSON.stringify(a.change) !== JSON.stringify(b.change);
  const [run, other] = a.field === "run" ? [a, b] : [b, a];
  if (run.field !== "run") return false;
  const longer = other.field === "steps" && other.change === "more";
  return run.change === "resume" ? !longer : longer;
}

/** All advice as the end of a sentence, "; train again with …"; "" for none. */
export function inWords(advice: readonly Advice[], config: RunConfig): string {
  const changes = advice.filter((one) => one.field !== "run").map((one) => phrase(one, config));
  const stops = advice.some(({ field, change }) => field === "run" && change === "stop");
  const resumed = advice.find(({ field, change }) => field === "run" && change === "resume");
  const parts = [
    ...(stops ? ["stop it"] : []),
    ...(resumed ? [`resume the run${resumed.note ? ` (${resumed.note})` : ""}`] : []),
    ...(changes.length > 0 ? [`train again with ${changes.join(", or ")}`] : []),
  ];
  return parts.length > 0 ? `; ${parts.join(" and ")}` : "";
}

function phrase({ field, change, note }: Advice, config: RunConfig): string {
  const what = wording(field as AdvisedField, change as Change, config);
  return note ? `${what} (${note})` : what;
}

function wording(field: AdvisedField, change: Change, config: RunConfig): string {
  if (typeof change === "object") return `${field} set to ${change.set}`;
  const how = { more: "more", less: "less", other: "another" }[change];
  switch (field) {
    case "steps":
      return change === "less" ? "fewer steps" : `${how} steps`;
    case "learning_rate":
      return rates(change === "less" ? "a lower" : change === "more" ? "a higher" : how, config);
    case "warmup_steps":
      return change === "less" ? "a shorter warm-up" : "a longer warm-up (warmup_steps)";
    case "size":
      return change === "less" ? "a smaller network (size)" : "a larger network (size)";
    case "dataset":
      return config.modality === "text" ? `${how} text` : `${how} pictures`;
    case "ema_decay":
      return `a ${change === "less" ? "lower" : "higher"} ema_decay`;
    default:
      return `${how} ${field}`;
  }
}

/** Where Muon moves the hidden layers, its rate is the one that counts most. */
function rates(how: string, { learning_rate, muon_learning_rate: muon }: RunConfig): string {
  return muon > 0
    ? `${how} learning_rate and muon_learning_rate (${learning_rate} and ${muon} now)`
    : `${how} learning_rate (${learning_rate} now)`;
}
