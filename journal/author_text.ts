/**
 * Text that came from a caller, made safe to stand beside text that the program computed. Callers
 * may write Markdown, but their words must stay visibly theirs: no heading of theirs may look like
 * one of ours, and no HTML of theirs may reach a page.
 */

/** Drops control characters (tab and line feed stay) and characters that reverse the direction of
 * text, and trims. */
export function cleanText(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    // deno-lint-ignore no-control-regex
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "")
    .trim();
}

/**
 * One line of plain text: every character that Markdown gives a meaning is escaped. An underscore within a word has
 * none, so that names of fields stay as they are.
 */
export function inlineText(text: string): string {
  return escapeHtml(cleanText(text).replace(/\s+/g, " "))
    .replace(/[\\`*[\]#!|~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, "\\$&");
}

/**
 * The caller's Markdown as a quotation. A quotation is a container of its own, so an unclosed fence
 * or list ends with it; headings, front-matter rules and HTML are turned into plain characters.
 */
export function quotedText(text: string): string {
  return cleanText(text).split("\n").map((line) => {
    const safe = escapeHtml(line)
      .replace(/^((?:\s|&gt;|[-*+]\s|\d+[.)]\s)*)(#{1,6}(?=\s|$))/, "$1\\$2")
      .replace(/^(\s*)([=-]+\s*)$/, "$1\\$2");
    return safe.trim() === "" ? ">" : `> ${safe}`;
  }).join("\n");
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
