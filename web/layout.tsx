import type { Child } from "hono/jsx";
import { html } from "hono/html";
import { staticUrl } from "./static_files.ts";
import { RUN_ID } from "./markdown.ts";

const SECTIONS = [
  ["/", "Runs"],
  ["/compare", "Compare"],
  ["/schedules", "Schedules"],
  ["/journal", "Journal"],
] as const;
export type Section = typeof SECTIONS[number][0];

export interface PageProps {
  readonly title: string;
  readonly section?: Section;
  /** Seconds between looks for news; left out on pages that do not change by themselves. */
  readonly refreshSeconds?: number;
  readonly children?: Child;
}

/** The frame of every page. */
export function Page(props: PageProps) {
  return html`<!DOCTYPE html>${(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${props.title} · TextDiffusion`}</title>
        <link rel="icon" href={staticUrl("icon.svg")} type="image/svg+xml" />
        <link rel="stylesheet" href={staticUrl("style.css")} />
        <script type="module" src={staticUrl("page.js")}></script>
      </head>
      <body data-refresh={props.refreshSeconds}>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="top">
          <div class="inner">
            <a class="brand" href="/">
              <Mark />
              <span>TextDiffusion</span>
            </a>
            <nav aria-label="Sections">
              {SECTIONS.map(([href, name]) => (
                <a href={href} aria-current={props.section === href ? "page" : undefined}>
                  {name}
                </a>
              ))}
            </nav>
            <p id="connection" class="connection" role="status" hidden></p>
          </div>
        </header>
        <main id="content" class="inner">{props.children}</main>
      </body>
    </html>
  )}`;
}

/** Noise on the left that settles into order on the right. */
function Mark() {
  const opacity = [0.35, 0.8, 0.5, 1, 0.7, 0.25, 1, 0.9, 0.4, 0.65, 0.95, 1, 0.85, 0.3, 0.75, 1];
  return (
    <svg viewBox="0 0 16 16" width="22" height="22" aria-hidden="true">
      {opacity.map((value, index) => (
        <rect
          x={(index % 4) * 4 + 0.25}
          y={Math.floor(index / 4) * 4 + 0.25}
          width="3.5"
          height="3.5"
          rx="0.8"
          fill="currentColor"
          fill-opacity={value}
        />
      ))}
    </svg>
  );
}

/** A page that says what went wrong and where to go from there. */
export function MessagePage(props: {
  title: string;
  message: string;
  isRun?: (id: string) => boolean;
}) {
  return (
    <Page title={props.title}>
      <h1>{props.title}</h1>
      <p class="lead">{withRunLinks(props.message, props.isRun ?? (() => false))}</p>
      <p>
        Go to <a href="/">all runs</a>, the <a href="/journal">journal</a>, or the{" "}
        <a href="/schedules">noise schedules</a>.
      </p>
    </Page>
  );
}

/** The text with every run that there is as a link. */
function withRunLinks(text: string, isRun: (id: string) => boolean): Child[] {
  const ids = text.match(RUN_ID) ?? [];
  return text.split(RUN_ID).flatMap((part, index) => {
    const id = ids[index];
    if (id === undefined) return [part];
    return [part, isRun(id) ? <a href={`/runs/${id}`}>{id}</a> : id];
  });
}
