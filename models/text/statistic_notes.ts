/** The statistics of generated text and their interpretation. */

/** Statistics of samples; `textStatisticNotes` explains each of them. */
export interface TextStatistics {
  readonly samples: number;
  readonly characters: number;
  readonly ngramNats: number;
  readonly characterEntropy: number;
  readonly fourGramEntropy: number;
  /** The most frequent character; of several, that with the lowest code point. */
  readonly topCharacter: string;
  readonly topCharacterShare: number;
  readonly wordEntropy: number | null;
  readonly distinctWords: number | null;
  readonly distinctWordPairs: number | null;
  readonly distinctWordTriples: number | null;
  readonly knownWords: number | null;
  readonly repetition: number | null;
  readonly longestCopy: number;
  /** The text of the longest copied span. */
  readonly longestCopyText: string;
}

/** The interpretation of a statistic. */
export interface StatisticNote {
  readonly title: string;
  readonly unit: "nats per character" | "nats" | "share" | "characters";
  /** Which values are better; for "like real text", deviations in either direction are worse. */
  readonly better: "higher" | "lower" | "like real text";
  /** What is measured, and when two values are not comparable. */
  readonly meaning: string;
}

/** Notes on the fields of `TextStatistics` that assess the samples. */
export const textStatisticNotes = {
  ngramNats: {
    title: "Surprisal under an n-gram model",
    unit: "nats per character",
    better: "like real text",
    meaning: "Mean surprisal under an interpolated Witten–Bell model of the training text, each " +
      "sample on its own. Repetition and copies of the training text make it small, so read it " +
      "beside the entropies and the longest copy: the n-gram model's own samples get less than real " +
      "text. Incomparable between training texts, orders and " +
      "sample lengths (the first characters have no context)",
  },
  characterEntropy: {
    title: "Entropy of characters",
    unit: "nats",
    better: "like real text",
    meaning:
      "Of the characters' frequencies over all samples. Estimated from counts, so it is too " +
      "small for few characters: incomparable between unequal total lengths and vocabularies",
  },
  fourGramEntropy: {
    title: "Entropy of character 4-grams",
    unit: "nats",
    better: "like real text",
    meaning:
      "Of the frequencies of four characters in a row, over all samples. It cannot exceed the " +
      "logarithm of their number: incomparable between unequal total lengths and vocabularies",
  },
  topCharacterShare: {
    title: "Share of the commonest character",
    unit: "share",
    better: "like real text",
    meaning: "In English this is the space; a collapsed model comes near 1. Incomparable between " +
      "vocabularies",
  },
  wordEntropy: {
    title: "Entropy of words",
    unit: "nats",
    better: "like real text",
    meaning:
      "Of the frequencies of words over all samples; letter case is ignored, and words that touch " +
      "either end of a sample do not count. Misspelt words raise it, few different words lower it. " +
      "It cannot exceed the logarithm of their number: incomparable between unequal total lengths",
  },
  distinctWords: {
    title: "Distinct words (distinct-1)",
    unit: "share",
    better: "like real text",
    meaning: "Different words among all words, over all samples (Li et al. 2016); letter case is " +
      "ignored, and words that touch either end of a sample, which may be cut, do not count. " +
      "Misspelt words raise it. It falls as text grows: incomparable between unequal total lengths",
  },
  distinctWordPairs: {
    title: "Distinct word pairs (distinct-2)",
    unit: "share",
    better: "like real text",
    meaning: "Like distinct words, for two in a row within a sample",
  },
  distinctWordTriples: {
    title: "Distinct word triples (distinct-3)",
    unit: "share",
    better: "like real text",
    meaning: "Like distinct words, for three in a row within a sample",
  },
  knownWords: {
    title: "Words found in the training text",
    unit: "share",
    better: "higher",
    meaning: "Words that occur in the training text, among all words that touch neither end of a " +
      "sample; letter case is ignored. Short words are often found by chance, and one word repeated " +
      "gives 1. Incomparable between training texts",
  },
  repetition: {
    title: "Repetition",
    unit: "share",
    better: "like real text",
    meaning:
      "Runs of 8 characters that occurred earlier in the same sample, among all runs of 8. " +
      "It grows with the length of a sample: incomparable between unequal lengths",
  },
  longestCopy: {
    title: "Longest copied span",
    unit: "characters",
    better: "like real text",
    meaning:
      "The longest run of characters of a sample that occurs in the training text. Much more " +
      "than real text's means that the model recites. It grows with the number and the length of " +
      "samples: incomparable between unequal ones and between training texts",
  },
} as const satisfies Partial<Record<keyof TextStatistics, StatisticNote>>;
