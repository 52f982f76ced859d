/** The verdict on a criterion, computed from what the store holds. */
import { listed, uncapitalised } from "../engine/host/mod.ts";
import { hasLearntNothing, modalityOf, type Run, seeds } from "../experiments/mod.ts";
import { confounders, invalidity } from "./comparable.ts";
import { type Criterion, describe, format } from "./criterion.ts";
import {
  type EntryContext,
  isMeasured,
  type Registration,
  registration,
  type Side,
  sidesOf,
  signsOfSelection,
  summaryOf,
} from "./selection.ts";

/**
 * `supported` and `refuted` rest on an interval that lies wholly on one side, `inconclusive` says that
 * it does not or that there is none, `suggestive` that a single run points to what is claimed.
 * `confounded`, `selected` and `invalid` say why the numbers cannot decide, `evidence gone` that runs
 * which an earlier verdict rested on are not in the store any more. `pending` waits for runs, and `none`
 * has no criterion.
 */
export const VERDICTS = [
  "supported",
  "refuted",
  "inconclusive",
  "suggestive",
  "confounded",
  "selected",
  "invalid",
  "evidence gone",
  "pending",
  "none",
] as const;
export type VerdictWord = typeof VERDICTS[number];

/** A 95 % confidence interval. */
export type Interval = readonly [low: number, high: number];

export interface JournalVerdict {
  readonly verdict: VerdictWord;
  /** Why, with the numbers: a sentence without its full stop. */
  readonly reason: string;
  /** Of the difference of the two sides' means, or of the group's mean where there is a threshold;
   * null where the spread over seeds is unknown. */
  readonly interval: Interval | null;
}

/**
 * Decides a criterion from what the store holds. Only finished runs count: while a run that matters
 * is queued, running or interrupted the verdict is pending; an interval that does not lie wholly on one
 * side is inconclusive. Runs that repeat a configuration and seed count once. The reason names the runs
 * that count without being named by the entry, and those left out.
 *
 * @param runs The runs that the entry names.
 */
export function judge(
  criterion: Criterion | null,
  runs: readonly Run[],
  context: EntryContext = {},
): JournalVerdict {
  if (criterion === null) return undecided("none", "No criterion was stated");
  const { siblings = [], gone = [] } = context;
  if (gone.length > 0) {
    return undecided("evidence gone", `An earlier verdict rested on ${gone.join(" and ")}`);
  }
  const sides = sidesOf(criterion, runs, siblings);
  const judged = [...new Set(sides.flatMap((side) => side.runs))];
  const waiting = judged.filter(isUnfinished);
  if (waiting.length > 0) {
    return undecided("pending", `Unfinished: ${listed(waiting.map(({ id }) => id))}`);
  }
  const notes = notesOn(sides, judged, criterion.metric, context);
  const signs = signsOfSelection(criterion, sides, runs, context);
  const withNotes = ({ verdict, reason, interval }: JournalVerdict): JournalVerdict => ({
    verdict,
    reason: [reason, ...signs, ...notes].join("; "),
    interval,
  });
  const summaries = sides.map((side) => summaryOf(side.runs, criterion.metric));
  const empty = sides.find((_, i) => summaries[i] === null);
  if (empty) {
    return empty.runs.length === 0 && !runs.some((run) => run.status === "finished")
      ? undecided("pending", `There are no runs ${empty.name} yet`)
      : withNotes(undecided(
        "inconclusive",
        `No finished run has a ${criterion.metric} of those ${empty.name}`,
      ));
  }
  const invalid = invalidity(criterion, sides);
  if (invalid !== undefined) return withNotes(undecided("invalid", invalid));
  const decided = decide(criterion, sides, summaries as seeds.Summary[]);
  const others = confounders(criterion, sides);
  if (others.length > 0) {
    const reason = `The runs differ in ${listed(others)} as well, so that nothing says what made ` +
      `the difference; ${decided.reason}`;
    return withNotes({ ...decided, verdict: "confounded", reason });
  }
  return withNotes(signs.length > 0 ? { ...decided, verdict: "selected" } : decided);
}

const undecided = (verdict: VerdictWord, reason: string): JournalVerdict => ({
  verdict,
  reason,
  interval: null,
});

/** What a reader has to know of the runs that count. */
function notesOn(
  sides: readonly Side[],
  judged: readonly Run[],
  metric: Criterion["metric"],
  { siblings = [], elsewhere = [], missing = [], date }: EntryContext,
): string[] {
  const counted = judged.filter((run) => isMeasured(run, metric));
  const joined = counted.filter((run) => siblings.includes(run)).map(({ id }) => id);
  const versions = [...new Set(counted.map(({ codeVersion }) => codeVersion))];
  return [
    ...(joined.length > 0 ? [`counted too, being of the same sweep: ${listed(joined)}`] : []),
    ...(missing.length > 0 ? [`not in the store any more: ${listed(missing)}`] : []),
    ...(counted.length > 0 && counted.every(hasLearntNothing)
      ? [
        `none of these runs has learnt anything, being no better than ${
          modalityOf(counted[0]!).metric.baseline
        }`,
      ]
      : []),
    ...(versions.length > 1
      ? [`trained by different versions of the code: ${listed(versions)}`]
      : []),
    ...seeds.describeRepeats(counted),
    ...[...Map.groupBy(counted, modalityOf)]
      .flatMap(([modality, runs]) => modality.cautions(runs)).map(uncapitalised),
    ...(date === undefined ? [] : lateness(registration(date, sides, elsewhere))),
  ];
}

/** That an entry was written late, which a prediction never is. */
function lateness({ when, sentence }: Registration): string[] {
  return when === "after" || when === "during" ? [uncapitalised(sentence)] : [];
}

/** Compares the interval with what is claimed; nothing here asks whether the runs may be compared. */
function decide(
  { metric, relation, margin = 0, threshold }: Criterion,
  sides: readonly Side[],
  [group, other]: readonly seeds.Summary[],
): JournalVerdict {
  const facts = `${metric} is ${describe(group!)} for runs ${sides[0]!.name}, against ${
    other ? `${describe(other)} for runs ${sides[1]!.name}` : `the threshold ${format(threshold!)}`
  }${margin > 0 ? ` with a margin of ${format(margin)}` : ""}`;
  const estimate = other ? group!.mean - other.mean : group!.mean;
  const limit = (other ? 0 : threshold!) + (relation === "below" ? -margin : margin);
  const towards = relation === "below" ? estimate < limit : estimate > limit;
  const noise = other ? seeds.errorOfDifference(group!, other) : seeds.errorOfMean(group!);
  if (noise === null) {
    return { ...withoutInterval([group!, other], towards, facts), interval: null };
  }
  const half = noise.critical * noise.error;
  const interval = [estimate - half, estimate + half] as const;
  const of = `the 95 % interval of ${other ? "the difference" : "the mean"}, ${
    interval.map(format).join(" to ")
  },`;
  const place = interval[1] < limit ? "below" : interval[0] > limit ? "above" : undefined;
  if (place === undefined) {
    return {
      verdict: "inconclusive",
      reason: `${facts}; ${of} contains ${format(limit)}`,
      interval,
    };
  }
  return {
    verdict: place === relation ? "supported" : "refuted",
    reason: `${facts}; ${of} lies wholly ${place} ${format(limit)}`,
    interval,
  };
}

/** A verdict where nothing is known of the spread over seeds. */
function withoutInterval(
  [group, other]: readonly (seeds.Summary | undefined)[],
  towards: boolean,
  facts: string,
): { verdict: VerdictWord; reason: string } {
  if (other === undefined && group!.n === 1) {
    const points = towards ? "points to what is claimed" : "does not point to what is claimed";
    return {
      verdict: towards ? "suggestive" : "inconclusive",
      reason: `${facts}; the only seed ${points}, and nothing is known of other seeds`,
    };
  }
  const oneSeed = group!.n === 1 || other?.n === 1;
  return {
    verdict: "inconclusive",
    reason: `${facts}; ${
      oneSeed
        ? "with one seed in a group the seed noise is unknown: repeat with more"
        : "the seeds gave exactly the same value, which leaves the seed noise unknown: look " +
          "whether these runs depend on their seed at all"
    }`,
  };
}

function isUnfinished(run: Run): boolean {
  return run.status === "queued" || run.status === "running" || run.status === "interrupted";
}
