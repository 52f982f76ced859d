import type { NoisyLine } from "../experiments/mod.ts";

/** Characters that differ in confidence by less than a tenth, which are marked together. */
export interface Stretch {
  readonly text: string;
  /** 0 … 9. */
  readonly tenth: number;
}

/** A line cut where its confidence changes. */
export function stretchesOf({ text, confidence }: NoisyLine): Stretch[] {
  const result: { text: string; tenth: number }[] = [];
  [...text].forEach((character, i) => {
    const tenth = Math.min(9, Math.floor(10 * confidence[i]!));
    const before = result.at(-1);
    if (before?.tenth === tenth) before.text += character;
    else result.push({ text: character, tenth });
  });
  return result;
}
