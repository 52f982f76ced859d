/** The layout of pages and shared components. */
import { duration } from "../engine/host/mod.ts";
import type { Child } from "hono/jsx";
import type { Run, RunStatus, Sample } from "../experiments/mod.ts";
import type { NoisyLine } from "../models/text/mod.ts";
import { formatMeasured, formatNumber, sampleSettings, sampleTitle } from "../figures/mod.ts";
import { html } from "hono/html";
import { staticUrl } from "./static_files.ts";

/** Pattern of run ids in texts. */
export const RUN_ID = /\b(?:(?:image|text)-\d{4,}|study\/[a-z]+)\b/g;

/** Returns the address of the page of a run. */
export function runUrl(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}

export function Status(props: { status: RunStatus; stopRequested?: boolean }) {
  return (
    <span class={`status ${props.status}`}>
      {props.stopRequested ? "stopping" : props.status}
    </span>
  );
}

/** A time; a client script shows it relative to now. */
export function Time(props: { at: string }) {
  return (
    <time datetime={props.at} title={props.at}>
      {props.at.slice(0, 16).replace("T", " ")} UTC
    </time>
  );
}

export function RunProgress(props: { run: Run }) {
  const { run } = props;
  const label = `Step ${run.step.toLocaleString("en-US")} of ${run.steps.toLocaleString("en-US")}`;
  return (
    <div class="progress">
      <progress value={run.step} max={run.steps} aria-label={label}></progress>
      <span class="progress-text">
        {label}
        {run.etaSeconds !== null && ` · ${duration(run.etaSeconds)} left`}
        {run.activity !== null && run.activity !== "training" && ` · ${run.activity}`}
      </span>
    </div>
  );
}

/** Returns the value of a setting, or "–". */
export function settingOf({ config }: Run, field: string): string | number {
  return (config as Readonly<Record<string, string | number>>)[field] ?? "–";
}

export function Settings(props: { values: Readonly<Record<string, string | number>> }) {
  return (
    <ul class="settings">
      {Object.entries(props.values).map(([name, value]) => (
        <li>
          <span>{name.replaceAll("_", " ")}</span> {settingText(value)}
        </li>
      ))}
    </ul>
  );
}

/** Returns a measured value, or "–" for what is not known. */
export function measuredOrDash(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : formatMeasured(value);
}

export function settingText(value: string | number): string {
  return typeof value === "number" ? formatNumber(value, 6) : value;
}

/** Returns the creation time of a sample as part of its address, so that browsers do not show cached pictures of
 * another workspace on the same port. */
export function creationStamp(sample: Sample): string {
  return Date.parse(sample.createdAt).toString(36);
}

/** Returns the address of the picture of a sample. */
function samplePictureUrl(sample: Sample): string {
  return `/samples/${sample.id}.png?v=${creationStamp(sample)}`;
}

/** Returns the address of the frames of a film strip, or of one of them as a picture. */
export function filmUrl(sample: Sample, moment?: number): string {
  const part = moment === undefined ? "film.json" : `film-${moment}.png`;
  return `/samples/${sample.id}/${part}?v=${creationStamp(sample)}`;
}

export function SampleFigure(props: { sample: Sample; caption?: Child; lazy?: boolean }) {
  const { sample } = props;
  const { count, made_by } = sample.settings;
  const what = sample.kind === "film-strip" ? "Film strip" : `${count} samples`;
  return (
    <figure
      class="sample"
      id={sample.id}
      data-film={sample.kind === "film-strip" ? filmUrl(sample) : undefined}
    >
      <a href={samplePictureUrl(sample)} aria-label={`${what} in full size`}>
        <img
          src={samplePictureUrl(sample)}
          alt={`${what} of ${sampleTitle(sample)}`}
          loading={props.lazy ? "lazy" : "eager"}
        />
      </a>
      <figcaption>
        {props.caption ?? (
          <>
            <b>{what}</b> at step {sample.step.toLocaleString("en-US")}
            {made_by === "training" ? ", made while training" : ""}
            <span class="quiet settings-line">
              {sampleSettings(sample)} · {duration(sample.seconds)} on {sample.device} ·{" "}
              <Time at={sample.createdAt} />
            </span>
          </>
        )}
      </figcaption>
    </figure>
  );
}

/** A number with its name and meaning. */
export function Fact(props: { name: string; value: Child; note?: Child }) {
  return (
    <div class="fact">
      <dt>{props.name}</dt>
      <dd>{props.value}</dd>
      {props.note && <dd class="note">{props.note}</dd>}
    </div>
  );
}

/** A suggested request to the assistant, with the tool call. */
export function Ask(props: { say: string; tool?: string; arguments?: unknown }) {
  return (
    <div class="ask">
      <p>“{props.say}”</p>
      {props.tool && <pre><code>{`${props.tool} ${JSON.stringify(props.arguments)}`}</code></pre>}
    </div>
  );
}

/** Consecutive characters with the same confidence in tenths. */
interface Stretch {
  readonly text: string;
  /** Confidence in tenths, 0 … 9. */
  readonly tenth: number;
}

/** Divides a line into stretches of equal confidence. */
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

const SECTIONS = [
  ["/", "Runs"],
  ["/compare", "Compare"],
  ["/schedules", "Schedules"],
  ["/journal", "Journal"],
  ["/study", "Pretrained"],
] as const;
type Section = typeof SECTIONS[number][0];

interface PageProps {
  readonly title: string;
  readonly section?: Section;
  /** Seconds between updates; undefined for static pages. */
  readonly refreshSeconds?: number;
  readonly children?: Child;
}

/** The layout of a page. */
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

/** The logo. */
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

/** An error page. */
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

/** Converts ids of existing runs in a text to links. */
function withRunLinks(text: string, isRun: (id: string) => boolean): Child[] {
  const ids = text.match(RUN_ID) ?? [];
  return text.split(RUN_ID).flatMap((part, index) => {
    const id = ids[index];
    if (id === undefined) return [part];
    return [part, isRun(id) ? <a href={runUrl(id)}>{id}</a> : id];
  });
}
