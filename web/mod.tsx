/** The routes of the viewer. Handlers read the store; pages are pure functions of its rows. */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { etag } from "hono/etag";
import { imageDatasetNames } from "../data/mod.ts";
import { lazily, orUndefined, UserError } from "../engine/host/mod.ts";
import {
  inspectedSchedules,
  type Lab,
  requests,
  type Run,
  RUN_STATUSES,
  type RunStatus,
  type Sample,
} from "../experiments/mod.ts";
import { forwardStrip, noiseShare, sampleMoment, samplePng, sideBySide } from "../figures/mod.ts";
import { openJournal } from "../journal/mod.ts";
import { filmUrl, MessagePage, runUrl } from "./layout.tsx";
import { jobsView } from "./jobs.tsx";
import { ChooseRunsPage, ComparePage } from "./compare_page.tsx";
import { EntryPage, JournalPage } from "./journal_pages.tsx";
import { type Pretrained, RunPage, StudyPage } from "./run_page.tsx";
import { type RunRow, RunsPage } from "./runs_page.tsx";
import { SchedulesPage } from "./schedules_page.tsx";
import { securityHeaders, staticFile, staticVersion } from "./static_files.ts";
import { SIDE_BY_SIDE } from "./picture_view.tsx";

const PAGE_SIZE = 50;
const CURVE_POINTS = 400;
const STRIP_TIMES = 17;
/** A year: for addresses whose content never changes. */
const FOR_EVER = "private, max-age=31536000, immutable";

/** A requested resource that does not exist. */
class NotFound extends Error {}

/**
 * Creates the viewer of a laboratory, which only reads. It must be mounted last and at the root, because it responds
 * to all other GET requests with an error page.
 */
export function createApp(lab: Lab): Hono {
  const app = new Hono();
  const journal = lazily(() => openJournal(lab));
  const sampleOf = (id: string) => found(() => lab.sampleById(id));
  app.use(securityHeaders);
  app.use(etag());
  app.onError((error, c) => errorPage(lab, error, c));

  app.get("/", allowParameters("status", "sweep", "offset"), (c) => c.html(runsPage(lab, c)));
  app.get("/runs", (c) => c.redirect("/"));
  app.get("/runs/:id", allowParameters(), (c) => {
    const ref = c.req.param("id");
    const run = found(() => lab.run(ref));
    if (run.id !== ref) return c.redirect(runUrl(run.id));
    const curves = lab.metrics(run.id, { maxPoints: CURVE_POINTS });
    const events = lab.events().filter((event) => event.runId === run.id).reverse();
    return c.html(
      <RunPage
        report={{ ...lab.inspect(run.id), curves }}
        texts={lab.texts(run.id)}
        jobs={jobsView(lab, run.id)}
        events={events}
      />,
    );
  });
  app.get("/compare", allowParameters("runs"), (c) => {
    const refs = queryValues(c, "runs");
    if (refs.length === 0) return c.html(<ChooseRunsPage rows={runRows(lab, lab.runs().runs)} />);
    return c.html(comparePage(lab, refs));
  });
  app.get("/samples/:file{[a-z0-9-]+\\.png}", async (c) => {
    const { id } = sampleOf(c.req.param("file").slice(0, -".png".length));
    const { png } = await samplePng(lab, id);
    return picture(c, png, c.req.query("v") === undefined ? "no-cache" : FOR_EVER);
  });
  app.get("/runs/:id/side-by-side.png", async (c) => {
    const ids = queryValues(c, "samples");
    const samples = await Promise.all(ids.map(async (id) => {
      const sample = sampleOf(id);
      if (sample.runId !== c.req.param("id")) throw new NotFound(`${id} is of another run`);
      return { sample, pixels: await lab.samplePixels(id) };
    }));
    if (samples.length === 0) throw new NotFound("No samples are named");
    const columns = Math.min(SIDE_BY_SIDE, ...samples.map(({ pixels }) => pixels.count));
    return picture(c, await sideBySide(samples, columns), FOR_EVER);
  });
  app.get("/samples/:id/film.json", async (c) => {
    const sample = sampleOf(c.req.param("id"));
    const { frames } = await lab.samplePixels(sample.id);
    const moments = frames.map((frame, i) => ({
      step: frame.step + 1,
      noise: noiseShare(frame.gamma),
      picture: filmUrl(sample, i),
    }));
    return c.json({ moments }, 200, { "cache-control": FOR_EVER });
  });
  app.get("/samples/:id/:file{film-[0-9]+\\.png}", async (c) => {
    const sample = sampleOf(c.req.param("id"));
    const index = Number(c.req.param("file").slice("film-".length, -".png".length));
    const pixels = await lab.samplePixels(sample.id);
    if (!pixels.frames[index]) throw new NotFound(`${sample.id} has no moment ${index}`);
    return picture(c, await sampleMoment(pixels, index), FOR_EVER);
  });
  app.get("/schedules", allowParameters("names", "index", "dataset"), async (c) => {
    const names = queryValues(c, "names");
    const report = await lab.inspectSchedules(
      names.length > 0 ? names : requests.schedules.parse({}).schedules,
      digitOptions(c),
    );
    const stripUrl = (name: string) =>
      `/schedules/${name}.png?index=${report.digit.index}&dataset=${report.digit.dataset}`;
    return c.html(<SchedulesPage report={report} names={inspectedSchedules} stripUrl={stripUrl} />);
  });
  app.get("/schedules/:file{[a-z0-9-]+\\.png}", async (c) => {
    const name = c.req.param("file").slice(0, -".png".length);
    const report = await lab.inspectSchedules([name], digitOptions(c));
    const [facts] = report.schedules;
    if (facts === undefined) throw new NotFound(`There is no schedule ${name}`);
    return picture(c, await forwardStrip(facts, report.digit), "no-cache");
  });
  app.get("/study", allowParameters(), (c) => {
    const models = lab.pretrained().map((run) => pretrainedOf(lab, run));
    return c.html(<StudyPage models={models} />);
  });
  app.get("/journal", allowParameters("tag"), async (c) => {
    const entries = (await journal()).listEntries();
    return c.html(<JournalPage entries={entries} tag={c.req.query("tag")} />);
  });
  app.get("/journal/:id", allowParameters(), async (c) => {
    const book = await journal();
    const entry = found(() => book.readEntry(c.req.param("id")));
    const known = entry.runs.filter((id) => orUndefined(() => lab.run(id)));
    const comparison = known.length >= 2 ? lab.compare(known) : null;
    return c.html(<EntryPage entry={entry} comparison={comparison} />);
  });
  app.get("/static/:version/:name", (c) => {
    const file = staticFile(c.req.param("name"));
    if (file === undefined) throw new NotFound(`There is no file ${c.req.path}`);
    const current = c.req.param("version") === staticVersion();
    return c.body(file.bytes, 200, {
      "content-type": file.type,
      "cache-control": current ? FOR_EVER : "no-cache",
    });
  });
  app.get("*", (c) => {
    throw new NotFound(`There is no page at ${c.req.path}`);
  });
  return app;
}

function picture(c: Context, png: Uint8Array<ArrayBuffer>, caching: string): Response {
  return c.body(png, 200, { "content-type": "image/png", "cache-control": caching });
}

/** A pretrained run with its newest film and texts. */
function pretrainedOf(lab: Lab, run: Run): Pretrained {
  const texts = lab.texts(run.id).toReversed();
  return {
    run,
    film: lab.samples(run.id).findLast(({ kind }) => kind === "film-strip") ?? null,
    texts: [...Map.groupBy(texts, ({ settings }) => settings.mode).values()]
      .map(([newest]) => newest!),
  };
}

function runsPage(lab: Lab, c: Context) {
  const status = oneOf<RunStatus>(c, "status", RUN_STATUSES);
  const sweepId = c.req.query("sweep");
  const offset = wholeNumber(c, "offset") ?? 0;
  const { runs, total } = lab.runs({ status, sweepId, limit: PAGE_SIZE, offset });
  const counts = Object.fromEntries(
    RUN_STATUSES.map((name) => [name, lab.runs({ status: name, limit: 1 }).total]),
  ) as Record<RunStatus, number>;
  return (
    <RunsPage
      rows={runRows(lab, runs)}
      total={total}
      offset={offset}
      limit={PAGE_SIZE}
      counts={counts}
      pretrained={lab.pretrained().map(({ id }) => id)}
      status={status}
      sweepId={sweepId}
      jobs={status === undefined && sweepId === undefined && offset === 0 ? jobsView(lab) : null}
    />
  );
}

function runRows(lab: Lab, runs: readonly Run[]): RunRow[] {
  return runs.map((run) => ({
    run,
    curves: lab.metrics(run.id, { names: ["loss"], maxPoints: 40 }),
  }));
}

function comparePage(lab: Lab, refs: readonly string[]) {
  const ids = refs.flatMap((ref) =>
    ref.startsWith("sweep-")
      ? lab.runs({ sweepId: ref, limit: 100 }).runs.map((run) => run.id).reverse()
      : [found(() => lab.run(ref)).id]
  );
  const runs = [...new Set(ids)].map((id) => lab.run(id));
  const comparison = lab.compare(runs.map((run) => run.id));
  const samples = comparableSamples(runs.map((run) => lab.samples(run.id)));
  return <ComparePage comparison={comparison} runs={runs} samples={samples} />;
}

/**
 * Returns one sample of each run: with the same settings (sampler, steps, guidance, seed, classes) if the runs have
 * such samples, otherwise the newest.
 */
function comparableSamples(samplesOfRuns: readonly (readonly Sample[])[]): Sample[] {
  const sheets = samplesOfRuns
    .map((samples) => samples.filter((sample) => sample.kind === "contact-sheet").toReversed())
    .filter((samples) => samples.length > 0);
  const recipe = (sample: Sample) => JSON.stringify(sample.settings);
  const shared = sheets[0]?.find((sample) =>
    sheets.every((samples) => samples.some((other) => recipe(other) === recipe(sample)))
  );
  return sheets.flatMap((samples) =>
    samples.find((sample) => shared !== undefined && recipe(sample) === recipe(shared)) ??
      samples.slice(0, 1)
  );
}

function digitOptions(c: Context) {
  return {
    times: Array.from({ length: STRIP_TIMES }, (_, i) => i / (STRIP_TIMES - 1)),
    index: wholeNumber(c, "index"),
    dataset: oneOf(c, "dataset", imageDatasetNames),
  };
}

/** Parameters that other programs add to links; a token is only looked at where one is wanted. */
const OF_OTHERS = /^(utm_\w+|token)$/;

/** Refuses parameters that a page does not have, since leaving one out would show something else. */
function allowParameters(...names: readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    const wrong = Object.keys(c.req.query())
      .find((name) => !OF_OTHERS.test(name) && !names.includes(name));
    if (wrong === undefined) return await next();
    const known = names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
    throw new UserError(`The page ${c.req.path} has no parameter "${wrong}": ${known}`);
  };
}

/** Returns the values of a query parameter, which may be repeated or separated by commas. */
function queryValues(c: Context, name: string): string[] {
  return (c.req.queries(name) ?? []).flatMap((value) => value.split(",")).filter((v) => v !== "");
}

function wholeNumber(c: Context, name: string): number | undefined {
  const text = c.req.query(name);
  if (!text) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new UserError(`${name} is "${text}", but must be a whole number from 0`);
}

function oneOf<T extends string>(c: Context, name: string, allowed: readonly T[]): T | undefined {
  const text = c.req.query(name);
  if (!text) return undefined;
  const match = allowed.find((value) => value === text);
  if (match !== undefined) return match;
  throw new UserError(`${name} is "${text}", but must be one of ${allowed.join(", ")}`);
}

/** Converts user errors about missing objects to "not found". */
function found<T>(look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw error instanceof UserError ? new NotFound(error.message) : error;
  }
}

function errorPage(lab: Lab, error: Error, c: Context): Response | Promise<Response> {
  if (error instanceof NotFound) {
    const known = (id: string) => orUndefined(() => lab.run(id)) !== undefined;
    const page = <MessagePage title="Not found" message={error.message} isRun={known} />;
    return c.html(page, 404);
  }
  if (error instanceof UserError) {
    return c.html(<MessagePage title="That cannot be shown" message={error.message} />, 400);
  }
  console.error(`Internal: ${c.req.method} ${c.req.path}:`, error);
  return c.html(
    <MessagePage
      title="Something broke"
      message="This is an error in the program. The server's log has the details."
    />,
    500,
  );
}
