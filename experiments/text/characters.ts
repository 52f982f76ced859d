/** Tokens in terms of the characters they stand for. */

/**
 * @param lengths Characters of each token of the vocabulary.
 * @returns Characters of the text that the tokens spell.
 */
export function charactersOf(tokens: ArrayLike<number>, lengths: ArrayLike<number>): number {
  let characters = 0;
  for (let i = 0; i < tokens.length; i++) characters += lengths[tokens[i]!]!;
  return characters;
}

/** The mean over the tokens; 1 where tokens are characters. */
export function charactersPerToken(tokens: ArrayLike<number>, lengths: ArrayLike<number>): number {
  return charactersOf(tokens, lengths) / tokens.length;
}
