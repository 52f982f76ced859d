/** Text that fits: cut where a reader can see it, and never inside a character. */

let segmenter: Intl.Segmenter | undefined;

/**
 * The first `limit` UTF-16 units of a text at most, ending between two characters as readers see
 * them; `mark` stands for what was cut, and counts.
 */
export function shortened(text: string, limit: number, mark = "..."): string {
  if (text.length <= limit) return text;
  return `${beginning(text, limit - mark.length)}${mark}`;
}

function beginning(text: string, limit: number): string {
  // A character is a few units long; one that goes on for longer is cut between its code points.
  const window = text.slice(0, limit + 64);
  let end = 0;
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  for (const { index, segment } of segmenter.segment(window)) {
    if (index + segment.length > limit) break;
    end = index + segment.length;
  }
  if (end > 0) return text.slice(0, end);
  const cut = text.slice(0, limit);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}
