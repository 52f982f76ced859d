/** N-gram baselines of text, computed once for each text and cached in the workspace. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EncodedText, TextDataset } from "../../data/mod.ts";
import { fitNgrams } from "../../models/text/mod.ts";
import { writeFileAtomically } from "../common/files.ts";
import type { NgramBaselines } from "../run/modality.ts";

/** Largest order of the n-gram models. */
const MOST_ORDER = 6;

/** Returns the cross-entropy of the held-out text under n-gram models of the training text, for every order. */
export function textBaselines({ train, validation, vocabulary }: EncodedText): NgramBaselines {
  const model = fitNgrams(train, { order: MOST_ORDER, vocabularySize: vocabulary.size });
  return {
    uniform: Math.log(vocabulary.size),
    ngrams: Array.from(model.crossEntropies(validation)),
  };
}

/** Returns the baselines of a text by characters, from the cache or computed. */
export function baselinesFor(
  workspace: string,
  dataset: EncodedText & Pick<TextDataset, "hash">,
): NgramBaselines {
  const known = keptBaselines(workspace, dataset.hash);
  if (known) return known;
  const baselines = textBaselines(dataset);
  writeFileAtomically(
    pathOf(workspace, dataset.hash),
    new TextEncoder().encode(JSON.stringify(baselines)),
  );
  return baselines;
}

/** Returns the cached baselines, or null. */
export function keptBaselines(workspace: string, datasetHash: string): NgramBaselines | null {
  try {
    return JSON.parse(readFileSync(pathOf(workspace, datasetHash), "utf8")) as NgramBaselines;
  } catch {
    // The file can be computed again, whatever is wrong with it.
    return null;
  }
}

function pathOf(workspace: string, datasetHash: string): string {
  return join(workspace, "baselines", `${datasetHash}-${MOST_ORDER}-grams.json`);
}
