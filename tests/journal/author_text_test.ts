import assert from "node:assert/strict";
import fc from "fast-check";
import MarkdownIt from "markdown-it";
import { cleanText, inlineText, quotedText } from "../../journal/author_text.ts";

const markdown = new MarkdownIt({ html: true });

/** Nesting-free kinds of what a text becomes on a page. */
function tokensOf(text: string) {
  return markdown.parse(text, {});
}

Deno.test("inlineText() leaves the names of fields as they are, and emphasis without effect", () => {
  assert.equal(inlineText("nats_per_character of block_size"), "nats_per_character of block_size");
  assert.equal(inlineText("_a_ b_ _c"), "\\_a\\_ b\\_ \\_c");
  assert.equal(inlineText("a__b"), "a\\_\\_b");
});

Deno.test("quotedText() keeps any text inside one quotation without headings or HTML", () => {
  const pieces = fc.array(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.constantFrom(
        "# Verdict",
        "## Results\n",
        "---",
        "===",
        "\n---\ntitle: x\n",
        "```",
        "~~~",
        "<h2>",
        "<!--",
        "-->",
        "- # a",
        "1. ## b",
        "> # c",
        "\n\n",
        "    ",
        "\t# d",
        "| a | b |\n|---|---|",
        "\\",
        "&lt;h1&gt;",
        "\u2028# e",
        "\r# f",
        "[a]: http://example.org",
        "***",
        "  - ## g",
        "*\t# h",
        "+ > # i",
      ),
    ),
    { maxLength: 12 },
  ).map((parts) => parts.join(""));
  fc.assert(
    fc.property(pieces, (text) => {
      const tokens = tokensOf(`## Observations\n\n${quotedText(text)}\n\n## Verdict\n`);
      const headings = tokens.filter((token) => token.type === "heading_open");
      assert.equal(headings.length, 2, "only our own two headings");
      assert.ok(headings.every((heading) => heading.level === 0));
      assert.ok(!tokens.some((token) => token.type === "html_block"));
      const inline = tokens.flatMap((token) => token.children ?? []);
      assert.ok(!inline.some((token) => token.type === "html_inline"));
    }),
    { numRuns: 2000, seed: 7 },
  );
});

Deno.test("quotedText() leaves ordinary Markdown as it is", () => {
  const text = "**Sharp** digits:\n\n- a 7 with a bar\n- `class 3` fails";
  assert.equal(
    quotedText(text),
    "> **Sharp** digits:\n>\n> - a 7 with a bar\n> - `class 3` fails",
  );
});

Deno.test("inlineText() shows every character literally on one line", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (text) => {
      const [, inline, ...rest] = tokensOf(`# ${inlineText(text)}`);
      assert.equal(rest.length, 1, "the heading closes and nothing follows");
      const shown = (inline?.children ?? []).map((token) => token.content).join("");
      assert.equal(shown, cleanText(text).replace(/\s+/g, " "));
    }),
    { numRuns: 1000, seed: 8 },
  );
});

Deno.test("cleanText() drops control characters and reversed text, keeps lines", () => {
  assert.equal(cleanText(" a\u0000b\u202ec\r\nd\te\u001b[31m "), "abc\nd\te[31m");
});
