/** What text needs without a network: computed once for a text, and kept in the workspace. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EncodedText, TextDataset } from "../../data/mod.ts";
import { fitNgrams } from "../../models/text/mod.ts";
import { writeFileAtomically } from "../common/files.ts";
import type { TextBaselines } from "../store/records.ts";

/** The longest n-grams. */
const MOST_ORDER = 6;

/** The held-out text, as a whole, under n-gram models of the training text of every order. */
export function textBaselines({ train, validation, vocabulary }: EncodedText): TextBaselines {
  const model = fitNgrams(train, { order: MOST_ORDER, vocabularySize: vocabulary.size });
  return {
    uniform: Math.log(vocabulary.size),
    ngrams: Array.from(model.crossEntropies(validation)),
  };
}

/** Those of a text by its characters; kept for the next time. */
export function baselinesFor(
  workspace: string,
  dataset: EncodedText & Pick<TextDataset, "hash">,
): TextBaselines {
  const known = keptBaselines(workspace, dataset.hash);
  if (known) return known;
  const baselines = textBaselines(dataset);
  writeFileAtomically(
    pathOf(workspace, dataset.hash),
    new TextEncoder().encode(JSON.stringify(baselines)),
  );
  return baselines;
}

/** Those that were computed before; null where none were. */
export function keptBaselines(workspace: string, datasetHash: string): TextBaselines | null {
  try {
    return JSON.parse(readFileSync(pathOf(workspace, datasetHash), "utf8")) as TextBaselines;
  } catch {
    // Whatever is wrong with the file, it can be made again.
    return null;
  }
}

function pathOf(workspace: string, datasetHash: string): string {
  return join(workspace, "baselines", `${datasetHash}-${MOST_ORDER}-grams.json`);
}
