/** What text needs without a network. */
import type { TextDataset } from "../../../data/mod.ts";
import { fitNgrams } from "../../../models/text/mod.ts";
import type { TextBaselines } from "../../types.ts";

/** The longest n-grams. */
export const MOST_ORDER = 6;

/** The held-out text, as a whole, under n-gram models of the training text of every order. */
export function textBaselines({ train, validation, vocabulary }: TextDataset): TextBaselines {
  const model = fitNgrams(train, { order: MOST_ORDER, vocabularySize: vocabulary.size });
  return {
    uniform: Math.log(vocabulary.size),
    ngrams: Array.from(model.crossEntropies(validation)),
  };
}
