/**
 * What an assistant does with the laboratory, by five real clients in turn over one workspace: a
 * sweep in one call, watching, sampling, comparing, stopping, and the journal. The first of them
 * trains on digits of MNIST, the others on made-up ones.
 */
import assert from "node:assert/strict";
import { normals } from "../../engine/host/mod.ts";
import {
  type Answer,
  type Caller,
  currentClient,
  oldClient,
  stdioCommand,
  textOf,
} from "./clients.ts";
import { type Laboratory, withLaboratory } from "./laboratory.ts";
import { digitsOf, mean, median, neighbourCorrelation } from "./pixels.ts";

/** What a client shows its model at most: 25,000 tokens, a token being three characters or more. */
const MAX_CHARACTERS = 75_000;

Deno.test("five clients of both eras train, watch, sample, compare, stop and write", () =>
  withLaboratory(async (laboratory) => {
    const stdio = stdioCommand(laboratory.lab.workspace);
    const http = { url: `${laboratory.url}/mcp` };
    const connect: (() => Promise<Caller>)[] = [
      () => currentClient("modern", http),
      () => currentClient("modern", stdio),
      () => currentClient("legacy", http),
      () => currentClient("legacy", stdio),
      () => oldClient(stdio),
    ];
    const trained = await trainOne(await connect[0]!());
    for (const [i, make] of connect.entries()) {
      const caller = await make();
      try {
        await assistant(caller, i === 0 ? "mnist-6k" : "made-up-digits", trained, laboratory);
      } catch (error) {
        throw new Error(`${caller.name}: ${error instanceof Error ? error.message : error}`, {
          cause: error,
        });
      } finally {
        await caller.close();
      }
    }
  }));

/** One run that learns enough for its pictures to be told from noise. */
async function trainOne(caller: Caller): Promise<string> {
  const answer = await asked(caller, "train", {
    preset: "mnist-tiny",
    overrides: { dataset: "mnist-6k", steps: 120 },
    label: "for pictures",
    wait_seconds: 0,
  });
  const [id] = runIdsIn(textOf(answer));
  const run = await waitFor(caller, id!, (status) => status === "finished");
  assert.equal(run.step, 120);
  await lookAtClasses(caller, id!);
  await caller.close();
  return id!;
}

async function assistant(
  caller: Caller,
  dataset: string,
  trained: string,
  laboratory: Laboratory,
) {
  const sweep = await sweepTwoSchedules(caller, dataset);
  await lookAtPictures(caller, trained);
  const entry = await writeHypothesis(caller);
  const finished = await waitForSweep(caller, sweep.id);
  assert.deepEqual(finished.map((run) => run.run).sort(), sweep.runs);
  const means = await compareSchedules(caller, sweep);
  await stopLongRun(caller, dataset);
  await concludeHypothesis(caller, entry, sweep.runs, means);
  await followLinks(caller, trained, laboratory);
}

async function sweepTwoSchedules(caller: Caller, dataset: string) {
  const notes: { progress: number; message?: string | undefined }[] = [];
  const answer = await asked(caller, "train", {
    preset: "mnist-tiny",
    overrides: { dataset, steps: 4, batch_size: 8 },
    grid: { schedule: ["linear", "cosine"] },
    seeds: [0, 1],
    label: caller.name.slice(0, 100),
    wait_seconds: 2,
  }, (note) => notes.push(note));
  const text = textOf(answer);
  assert.ok(notes.length >= 2, "progress is sent at once and on the way");
  assert.ok(notes.every((note, i) => i === 0 || note.progress > notes[i - 1]!.progress));
  assert.ok(notes.every((note) => (note.message ?? "") !== ""));
  const id = /sweep-\d+/.exec(text)?.[0];
  assert.ok(id, text);
  const runs = runIdsIn(text);
  assert.equal(runs.length, 4);
  assert.match(text, /Next: /);
  assert.equal(answer.structuredContent, undefined, "clients would hide the text beside it");
  return { id, runs };
}

async function waitForSweep(caller: Caller, sweep: string) {
  for (;;) {
    const { structuredContent } = await asked(caller, "inspect-run", { sweep, wait_seconds: 30 });
    const { runs } = structuredContent as { runs: { run: string; status: string }[] };
    assert.ok(runs.every((run) => run.status !== "failed"), JSON.stringify(runs));
    if (runs.every((run) => run.status === "finished")) return runs;
  }
}

/** The digits differ from noise by stated statistics. */
async function lookAtPictures(caller: Caller, run: string) {
  const answer = await asked(caller, "sample", { run, count: 20, seed: 1, steps: 25 });
  assert.equal(answer.structuredContent, undefined);
  const digits = await digitsOf(answer, 20);
  const correlation = median(digits.map(neighbourCorrelation));
  assert.ok(correlation > 0.5, `neighbouring pixels correlate by ${correlation}, want above 0.5`);
  const noise = digits.map((_, step) => normals({ seed: 1, stream: "noise", step }, 28 * 28));
  const floor = mean(noise.map(neighbourCorrelation));
  assert.ok(Math.abs(floor) < 0.05, `white noise gives ${floor}`);
  const link = answer.content.find((part) => part.type === "resource_link");
  const { blob } = await caller.read(link!.uri!);
  assert.equal(blob, answer.content.find((part) => part.type === "image")!.data);
}

/** A condition is heeded: zeros have more ink than ones. */
async function lookAtClasses(caller: Caller, run: string) {
  const ofClass = async (digit: number) =>
    await digitsOf(
      await asked(caller, "sample", { run, count: 10, class: digit, seed: 1, steps: 25 }),
      10,
    );
  const [zeros, ones] = await Promise.all([ofClass(0), ofClass(1)]);
  const ink = (pictures: Uint8Array[]) => mean(pictures.map(mean));
  assert.ok(
    ink(zeros) - ink(ones) > 8,
    `zeros have more ink than ones: ${ink(zeros)} against ${ink(ones)} of 255`,
  );
}

async function compareSchedules(caller: Caller, sweep: { id: string; runs: string[] }) {
  const { structuredContent } = await asked(caller, "compare-runs", { sweep: sweep.id });
  const comparison = structuredContent as {
    differing: string[];
    leaderboard: { run: string; denoising_mse: number }[];
    groups: { parameters: { schedule: string }; n: number; mean: number; sd: number }[];
    curves: { steps: number[]; values: Record<string, number[]> }[];
    verdict: string;
  };
  assert.deepEqual(comparison.differing.toSorted(), ["schedule", "seed"]);
  assert.deepEqual(comparison.leaderboard.map((row) => row.run).sort(), sweep.runs);
  const errors = comparison.leaderboard.map((row) => row.denoising_mse);
  assert.deepEqual(errors, errors.toSorted((a, b) => a - b), "best first");
  assert.deepEqual(comparison.groups.map((group) => group.n), [2, 2]);
  assert.ok(comparison.groups.every((group) => group.sd > 0));
  assert.deepEqual(Object.keys(comparison.curves[0]!.values).sort(), sweep.runs);
  assert.notEqual(comparison.verdict, "");
  return new Map(comparison.groups.map((group) => [group.parameters.schedule, group.mean]));
}

async function stopLongRun(caller: Caller, dataset: string) {
  const started = await asked(caller, "train", {
    preset: "mnist-tiny",
    overrides: { dataset, steps: 100_000, batch_size: 8 },
    wait_seconds: 0,
  });
  const [id] = runIdsIn(textOf(started));
  await waitFor(caller, id!, (status, step) => status === "running" && step > 0);
  const { structuredContent } = await asked(caller, "stop-run", { runs: [id], wait_seconds: 50 });
  const { runs } = structuredContent as { runs: { run: string; status: string; step: number }[] };
  assert.equal(runs[0]!.status, "stopped");
  assert.ok(runs[0]!.step < 100_000);
}

async function writeHypothesis(caller: Caller): Promise<string> {
  const { structuredContent } = await asked(caller, "write-journal", {
    title: "Cosine against linear",
    hypothesis: "With few steps the cosine schedule gives the lower denoising error.",
    criterion: {
      metric: "denoising_mse",
      group: { parameters: { schedule: "cosine" } },
      relation: "below",
      against: { parameters: { schedule: "linear" } },
    },
    tags: ["schedule"],
  });
  const { id, verdict } = structuredContent as { id: string; verdict: string };
  assert.match(id, /^\d{4}-cosine-against-linear$/);
  assert.equal(verdict, "pending");
  return id;
}

async function concludeHypothesis(
  caller: Caller,
  id: string,
  runs: string[],
  means: ReadonlyMap<string, number>,
) {
  const { structuredContent } = await asked(caller, "write-journal", {
    id,
    runs,
    observations: "## Verdict\n\nconfirmed, says the author",
  });
  const entry = structuredContent as { verdict: string; verdict_reason: string };
  assert.ok(["confirmed", "refuted", "inconclusive"].includes(entry.verdict), entry.verdict);
  const { text } = await caller.read(`textdiffusion://journal/${id}`);
  assert.equal(text?.match(/^## Verdict$/gm)?.length, 1, "the author's heading is a quotation");
  assert.ok(text?.includes(`**${entry.verdict}**`));
  for (const value of means.values()) {
    const stated = String(Number(value.toPrecision(4)));
    assert.ok(text?.includes(stated), `the entry states ${stated}:\n${text}`);
  }
  for (const run of runs) assert.ok(text?.includes(`| ${run} |`), `the entry lists ${run}`);
}

/** Every link in an answer leads to a page. */
async function followLinks(caller: Caller, run: string, { url }: Laboratory) {
  const answers = [
    await asked(caller, "inspect-run", { run }),
    await asked(caller, "inspect-run", {}),
    await asked(caller, "inspect-noise-schedule", {}),
  ];
  const links = answers.flatMap((answer) =>
    JSON.stringify(answer).match(/http:\/\/[^"\\\s)]+/g) ?? []
  );
  assert.ok(links.length >= 3);
  for (const link of new Set(links)) {
    const response = await fetch(link);
    assert.equal(response.status, 200, link);
    assert.match(await response.text(), /<html/);
    if (caller.name.includes("HTTP")) assert.ok(link.startsWith(url), link);
  }
}

/** A call that must succeed, within what clients show their models. */
async function asked(
  caller: Caller,
  tool: string,
  args: Record<string, unknown>,
  onProgress?: Parameters<Caller["call"]>[2],
): Promise<Answer> {
  const answer = await caller.call(tool, args, onProgress);
  assert.ok(!answer.isError, `${tool}: ${textOf(answer)}`);
  const shown = textOf(answer).length + JSON.stringify(answer.structuredContent ?? "").length;
  assert.ok(shown < MAX_CHARACTERS, `${tool} answers with ${shown} characters`);
  return answer;
}

async function waitFor(
  caller: Caller,
  run: string,
  done: (status: string, step: number) => boolean,
) {
  for (;;) {
    const { structuredContent } = await asked(caller, "inspect-run", { run, wait_seconds: 1 });
    const state = structuredContent!.run as { status: string; step: number; error: string | null };
    if (done(state.status, state.step)) return state;
    assert.ok(["queued", "running"].includes(state.status), `${state.status}: ${state.error}`);
  }
}

function runIdsIn(text: string): string[] {
  return [...new Set(text.match(/image-\d+/g) ?? [])].sort();
}
