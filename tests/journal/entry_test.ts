import assert from "node:assert/strict";
import fc from "fast-check";
import { formatEntry, FrontMatter, parseEntry } from "../../journal/entry.ts";

const FRONT: FrontMatter = {
  title: "A title: with --- and 'quotes'",
  date: "2026-11-01T09:00:00.000Z",
  updated: "2026-11-01T09:00:00.000Z",
  hypothesis: "Because\n---\ntitle: injected\n---\nso",
  criterion: {
    metric: "denoising_mse",
    group: { parameters: { schedule: "cosine", steps: 60 } },
    relation: "below",
    threshold: 0.05,
  },
  runs: ["image-0001"],
  tags: ["schedule"],
  observations: [],
  verdict: "pending",
  verdict_reason: "Unfinished: image-0001",
};

Deno.test("parseEntry() reads back what formatEntry() wrote, whatever the texts", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 })
    .map((s) => FrontMatter.shape.title.safeParse(s)).filter((r) => r.success).map((r) => r.data!);
  const pieces = fc.array(
    fc.oneof(
      text,
      fc.constantFrom("\n---\n", "\ntitle: x\n", ": ", "- ", "#", "'", '"', "{", "!!js", "&a"),
    ),
    { minLength: 1, maxLength: 6 },
  ).map((parts) => FrontMatter.shape.hypothesis.safeParse(parts.join("")))
    .filter((r) => r.success).map((r) => r.data!);
  fc.assert(
    fc.property(text, pieces, (title, hypothesis) => {
      const front = { ...FRONT, title, hypothesis };
      const entry = parseEntry("0001-a", "/x", formatEntry(front, "# Body\n"));
      assert.deepEqual(entry, { id: "0001-a", path: "/x", ...front, body: "# Body\n" });
    }),
    { numRuns: 500, seed: 9 },
  );
});

Deno.test("parseEntry() says what is wrong with a file", () => {
  const parse = (content: string) => () => parseEntry("0001-a", "/x", content);
  assert.throws(parse("# No front matter"), {
    name: "UserError",
    message: "The journal entry 0001-a has no front matter between two --- lines",
  });
  assert.throws(parse("---\ntitle: [\n---\n"), /is not YAML/);
  const wrong = formatEntry({ ...FRONT, verdict: "certain" } as unknown as FrontMatter, "");
  assert.throws(parse(wrong), /is wrong at verdict/);
});
