import { raw } from "hono/html";
import MarkdownIt from "markdown-it";
import type { Comparison } from "../experiments/mod.ts";
import type { EntrySummary, JournalEntry, VerdictWord } from "../journal/mod.ts";
import { comparisonCharts } from "./compare_page.tsx";
import { Ask, Page, RUN_ID, runUrl, Time } from "./layout.tsx";

interface JournalView {
  readonly entries: readonly EntrySummary[];
  readonly tag?: string | undefined;
}

export function JournalPage({ entries, tag }: JournalView) {
  const shown = tag === undefined ? entries : entries.filter((entry) => entry.tags.includes(tag));
  return (
    <Page title="Journal" section="/journal" refreshSeconds={10}>
      <h1>Journal</h1>
      <div id="entries" data-live>
        {tag !== undefined && (
          <p class="filters">
            <a href="/journal">all</a>{" "}
            <a href={`/journal?tag=${tag}`} aria-current="true">#{tag}</a>
          </p>
        )}
        {shown.length === 0 ? <NoEntries tag={tag} /> : (
          <ol class="entries">
            {shown.map((entry) => (
              <li>
                <EntryLine entry={entry} />
              </li>
            ))}
          </ol>
        )}
      </div>
    </Page>
  );
}

function NoEntries({ tag }: { tag: string | undefined }) {
  if (tag !== undefined) return <p class="empty">No entry has the tag {tag}.</p>;
  return (
    <section class="empty">
      <h2>No entries yet</h2>
      <p>
        An entry states a hypothesis and how it will be judged, before the runs; its numbers and its
        verdict are drawn from the store. Say to your assistant:
      </p>
      <Ask say="Write a journal entry: I expect the cosine schedule to reach a lower denoising error than the linear one. Then run both over two seeds." />
    </section>
  );
}

function Verdict({ verdict }: { verdict: VerdictWord }) {
  const name = verdict.replaceAll(" ", "-");
  return <span class={`verdict ${name}`}>{verdict === "none" ? "no verdict" : verdict}</span>;
}

function EntryLine({ entry }: { entry: EntrySummary }) {
  return (
    <article>
      <h2>
        {entry.problem === null
          ? <a href={`/journal/${encodeURIComponent(entry.id)}`}>{entry.title}</a>
          : entry.title}
      </h2>
      <p class="meta">
        {entry.problem === null && <Verdict verdict={entry.verdict} />}
        {entry.problem === null && <Time at={entry.date} />}
        {entry.runs.length > 0 && (
          <span>{entry.runs.length} {entry.runs.length === 1 ? "run" : "runs"}</span>
        )}
        <Tags tags={entry.tags} />
      </p>
      {entry.problem === null
        ? <p class="hypothesis">{entry.hypothesis}</p>
        : <p class="callout caution">{entry.problem}</p>}
    </article>
  );
}

function Tags({ tags }: { tags: readonly string[] }) {
  return <>{tags.map((tag) => <a class="tag" href={`/journal?tag=${tag}`}>#{tag}</a>)}</>;
}

interface EntryView {
  readonly entry: JournalEntry;
  /** The comparison of the runs of the entry, if at least two exist. */
  readonly comparison: Comparison | null;
}

export function EntryPage({ entry, comparison }: EntryView) {
  const known = comparison?.leaderboard.map((row) => row.runId) ?? [];
  return (
    <Page title={entry.title} section="/journal" refreshSeconds={10}>
      <p class="trail">
        <a href="/journal">Journal</a>
      </p>
      <article id="entry" data-live>
        <h1>{entry.title}</h1>
        <p class="meta">
          <Verdict verdict={entry.verdict} />
          <Time at={entry.date} />
          <Tags tags={entry.tags} />
        </p>
        {comparison !== null && (
          <figure class="evidence">
            <div class="charts">
              {comparisonCharts(comparison, [comparison.metric.name, "loss"]).map((svg) => (
                <div class="panel">{raw(svg)}</div>
              ))}
            </div>
            <figcaption>
              The entry's runs as the store holds them now;{" "}
              <a href={`/compare?runs=${known.join(",")}`}>compare them</a>.
            </figcaption>
          </figure>
        )}
        <div class="prose">{raw(renderMarkdown(withoutTitle(entry.body)))}</div>
      </article>
    </Page>
  );
}

/**
 * Renders Markdown as HTML. Raw HTML is escaped and script links are removed (markdown-it with `html: false`).
 * Images are not loaded, because pages must not contact other servers. Run ids become links.
 */
function renderMarkdown(markdown: string): string {
  return renderer.render(markdown);
}

/** Removes the first heading, for pages that show the title themselves. */
function withoutTitle(markdown: string): string {
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
