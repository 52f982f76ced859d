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
} from "../tools/clients.ts";
import { type Laboratory, withLaboratory } from "../tools/laboratory.ts";
import { tableWith } from "../tools/markdown.ts";
import { digitsOf, mean, median, neighbourCorrelation } from "../tools/pixels.ts";

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
  assert.deepEqual(finished.sort(), sweep.runs);
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
  return { id, runs };
}

async function waitForSweep(caller: Caller, sweep: string) {
  for (;;) {
    const text = textOf(await asked(caller, "inspect-run", { sweep, wait_seconds: 30 }));
    const { rows } = tableWith(text, "run", "schedule", "seed", "status");
    assert.ok(rows.every((row) => row.status !== "failed"), text);
    if (rows.every((row) => row.status === "finished")) return rows.map((row) => row.run!);
  }
}

/** The digits differ from noise by stated statistics. */
async function lookAtPictures(caller: Caller, run: string) {
  const answer = await asked(caller, "sample", { run, count: 20, seed: 1, steps: 25 });
  const digits = await digitsOf(answer, 20);
  const correlation = median(digits.map(neighbourCorrelation));
  assert.ok(correlation > 0.5, `neighbouring pixels correlate by ${correlation}, want above 0.5`);
  const noise = digits.map((_, step) => normals({ seed: 1, stream: "noise", step }, 28 * 28));
  const floor = mean(noise.map(neighbourCorrelation));
  assert.ok(Math.abs(floor) < 0.05, `white noise gives ${floor}`);
  const png = answer.content.find((part) => part.type === "image")!.data!;
  const link = answer.content.find((part) => part.type === "resource_link");
  // Several clients show their model neither links nor pictures: the text has to name them.
  const [, id, uri, file] = /^Picture: (\S+), resource (\S+), file (\S+)$/m.exec(textOf(answer))!;
  assert.equal(link!.uri, uri);
  assert.equal((await caller.read(uri!)).blob, png);
  assert.equal((await Deno.readFile(file!)).toBase64(), png);
  const record = JSON.parse((await caller.read(`${uri}/json`)).text!) as { id: string };
  assert.equal(record.id, id);
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
  const text = textOf(await asked(caller, "compare-runs", { sweep: sweep.id }));
  const { header, rows } = tableWith(text, "rank", "run", "denoising_mse");
  assert.deepEqual(
    header.slice(2, 4).toSorted(),
    ["schedule", "seed"],
    "what differs, and no more",
  );
  assert.deepEqual(rows.map((row) => row.run).sort(), sweep.runs);
  const errors = rows.map((row) => Number(row.denoising_mse));
  assert.deepEqual(errors, errors.toSorted((a, b) => a - b), "best first");
  const groups = tableWith(text, "schedule", "seeds", "mean denoising_mse", "sd").rows;
  assert.deepEqual(groups.map((group) => group.seeds), ["2", "2"]);
  assert.ok(groups.every((group) => Number(group.sd) > 0));
  const curve = tableWith(text, "step", ...sweep.runs);
  assert.equal(curve.rows.at(-1)![rows[0]!.run!], rows[0]!.denoising_mse);
  assert.match(
    text,
    /^(schedule=\w+ leads schedule=\w+ by |None of these runs has learnt anything: )/,
  );
  const uri = /JSON: (\S+)/.exec(text)![1]!;
  const record = JSON.parse((await caller.read(uri)).text!) as { verdict: string };
  assert.ok(text.startsWith(record.verdict));
  return new Map(groups.map((group) => [group.schedule!, Number(group["mean denoising_mse"])]));
}

async function stopLongRun(caller: Caller, dataset: string) {
  const started = await asked(caller, "train", {
    preset: "mnist-tiny",
    overrides: { dataset, steps: 100_000, batch_size: 8 },
    wait_seconds: 0,
  });
  const [id] = runIdsIn(textOf(started));
  await waitFor(caller, id!, (status, step) => status === "running" && step > 0);
  const text = textOf(await asked(caller, "stop-run", { runs: [id], wait_seconds: 50 }));
  const [row] = tableWith(text, "run", "status", "step").rows;
  assert.equal(row!.status, "stopped");
  assert.match(row!.step!, /^\d{1,5}\/100000$/);
}

async function writeHypothesis(caller: Caller): Promise<string> {
  const text = textOf(
    await asked(caller, "write-journal", {
      title: "Cosine against linear",
      hypothesis: "With few steps the cosine schedule gives the lower denoising error.",
      criterion: {
        metric: "denoising_mse",
        group: { parameters: { schedule: "cosine" } },
        relation: "below",
        against: { parameters: { schedule: "linear" } },
      },
      tags: ["schedule"],
    }),
  );
  const [, id] = /^Wrote the journal entry (\d{4}-cosine-against-linear): pending\./.exec(text) ??
    [];
  assert.ok(id, text);
  assert.match(text, new RegExp(`textdiffusion://journal/${id}, file \\S+/${id}\\.md`));
  return id;
}

async function concludeHypothesis(
  caller: Caller,
  id: string,
  runs: string[],
  means: ReadonlyMap<string, number>,
) {
  const answer = textOf(
    await asked(caller, "write-journal", {
      id,
      runs,
      observations: "## Verdict\n\nsupported, says the author",
    }),
  );
  const verdict = /^Updated the journal entry \S+: (\w+)\./.exec(answer)?.[1] ?? "";
  assert.ok(["supported", "refuted", "inconclusive"].includes(verdict), answer);
  const { text } = await caller.read(`textdiffusion://journal/${id}`);
  for (const section of text!.split(/^(?=## )/m)) {
    const shown = !/^## (Setup|Reproduce)$/m.test(section);
    assert.equal(answer.includes(section.trim()), shown, section);
  }
  assert.equal(text?.match(/^## Verdict$/gm)?.length, 1, "the author's heading is a quotation");
  assert.ok(text?.includes(`**${verdict}**`));
  const record = JSON.parse((await caller.read(`textdiffusion://journal/${id}/json`)).text!);
  assert.equal(record.verdict, verdict);
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
  assert.equal(answer.structuredContent, undefined, "some clients would show nothing but that");
  const { length } = textOf(answer);
  assert.ok(length < MAX_CHARACTERS, `${tool} answers with ${length} characters`);
  return answer;
}

async function waitFor(
  caller: Caller,
  run: string,
  done: (status: string, step: number) => boolean,
) {
  for (;;) {
    const text = textOf(await asked(caller, "inspect-run", { run, wait_seconds: 1 }));
    const [, status, step] = /^- Status: (\w+).*?, step (\d+)\//m.exec(text) ?? [];
    assert.ok(status, text);
    if (done(status, Number(step))) return { status, step: Number(step) };
    assert.ok(["queued", "running"].includes(status), text);
  }
}

/** The ids of runs in an answer, without those of earlier runs that they repeat. */
function runIdsIn(text: string): string[] {
  const own = text.replaceAll(/repeats image-\d+/g, "");
  return [...new Set(own.match(/image-\d+/g) ?? [])].sort();
}
