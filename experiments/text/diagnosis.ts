/** What must be noticed about a run on text, from its own metrics. */
import type { Finding } from "../diagnosis/finding.ts";
import type { Run } from "../types.ts";

/** Steps before which a network may not have come to use what it has. */
const YOUNG = 200;

/** Nats that the order of sums alone makes; a network that knows positions is a thousand times above. */
const ROUNDING_ERROR = 1e-6;

type Check = (run: Run) => Omit<Finding, "level"> | undefined;

/** What keeps a network for text from learning, by its newest validation; none before the first. */
export function textDefects(run: Run): Finding[] {
  if (run.config.modality !== "text" || run.step < YOUNG) return [];
  return [noOrder, roundsClean, freeScale, mismatchedLevels]
    .flatMap((check: Check) => check(run) ?? [])
    .map((defect) => ({ level: "warning", ...defect }));
}

/** A network that knows no positions gives shuffled text the same likelihood, to the last digits. */
function noOrder({ latest: { shuffled_gap: gap } }: Run) {
  if (gap === undefined || Math.abs(gap) > ROUNDING_ERROR) return;
  return {
    code: "no-order",
    seen:
      `Shuffled text is as likely to it as text in order (${
        gap.toExponential(0)
      } nats per character ` +
      "between them): it knows no positions and can only count characters",
    advice: [{ field: "positions", change: { set: "rotary" } }] as const,
  };
}

/** The loss that training takes for rounding, beside the one that predictions have. */
function roundsClean({ latest: { rounding_nats: trained, reconstruction_nats: real } }: Run) {
  if (trained === undefined || real === undefined || !(trained < real / 10)) return;
  return {
    code: "rounding-on-clean",
    seen: `The rounding loss that training sees is ${trained.toExponential(1)} nats, that of the ` +
      `predictions ${
        real.toExponential(1)
      }: it is taken of the clean embedding and tells the network ` +
      "nothing",
    advice: [{ field: "rounding", change: { set: "prediction" } }] as const,
  };
}

function freeScale({ latest: { embedding_norm: norm } }: Run) {
  if (norm === undefined || Math.abs(norm - 1) < 0.2) return;
  return {
    code: "embedding-scale",
    seen: `The embeddings have a length of ${norm.toFixed(2)}, and nothing holds it: the noise ` +
      "levels mean something else at every step, and the loss can fall by scale alone",
    advice: [{ field: "embedding_norm", change: { set: "unit" } }] as const,
  };
}

function mismatchedLevels({ latest: { informative_share: share } }: Run) {
  if (share === undefined || share > 0.6) return;
  return {
    code: "schedule-mismatch",
    seen:
      `Only ${(100 * share).toFixed(0)} % of the noise levels that training sees tell part of a ` +
      "character: at the others it is plain to see or not at all, and nothing is learned",
    advice: [{ field: "schedule", change: { set: "linear-gamma" } }] as const,
  };
}
