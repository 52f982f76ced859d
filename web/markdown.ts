import MarkdownIt from "markdown-it";

/** Pattern of run ids in texts. */
export const RUN_ID = /\b(?:(?:image|text)-\d{4,}|study\/[a-z]+)\b/g;

/** Returns the address of the page of a run. */
export function runUrl(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}

/**
 * Renders Markdown as HTML. Raw HTML is escaped and script links are removed (markdown-it with `html: false`).
 * Images are not loaded, because pages must not contact other servers. Run ids become links.
 */
export function renderMarkdown(markdown: string): string {
  return renderer.render(markdown);
}

/** Removes the first heading, for pages that show the title themselves. */
export function withoutTitle(markdown: string): string {
  return markdown.replace(/^\s*# [^\n]*\n/, "");
}

const renderer = new MarkdownIt({ html: false, linkify: false }).disable("image");

renderer.core.ruler.push("run-links", (state) => {
  for (const block of state.tokens) {
    if (block.type !== "inline" || block.children === null) continue;
    let inLink = 0;
    block.children = block.children.flatMap((token) => {
      if (token.type === "link_open") inLink++;
      if (token.type === "link_close") inLink--;
      if (token.type !== "text" || inLink > 0) return [token];
      return linkRuns(token.content, (type, tag, nesting) => new state.Token(type, tag, nesting));
    });
  }
});

type Token = ReturnType<typeof renderer.parse>[number];

function linkRuns(
  text: string,
  token: (type: string, tag: string, nesting: -1 | 0 | 1) => Token,
): Token[] {
  const plain = (content: string) => Object.assign(token("text", "", 0), { content });
  const result: Token[] = [];
  let end = 0;
  for (const match of text.matchAll(RUN_ID)) {
    const open = token("link_open", "a", 1);
    open.attrSet("href", runUrl(match[0]));
    result.push(
      plain(text.slice(end, match.index)),
      open,
      plain(match[0]),
      token("link_close", "a", -1),
    );
    end = match.index + match[0].length;
  }
  return [...result, plain(text.slice(end))].filter((part) =>
    part.type !== "text" || part.content !== ""
  );
}
