/** What was made of runs, by address: samples and journal entries, and the records behind them. */
import { type McpServer, ResourceTemplate } from "@modelcontextprotocol/server";
import { Buffer } from "node:buffer";
import { UserError } from "../engine/host/mod.ts";
import type { Lab, Sample, TextSample } from "../experiments/mod.ts";
import type { Surroundings } from "./define.ts";
import { found, json, LISTED, one, text } from "./resource_contents.ts";
import { asJson, JOURNAL_URI, journalUri, sampleUri } from "./uris.ts";

/** Runs whose samples are looked through for the newest. */
const SEARCHED_RUNS = 50;

export function registerSamples(server: McpServer, { lab }: Surroundings): void {
  const complete = {
    sample: (value: string) =>
      newestSamples(lab, 100).map((sample) => sample.id).filter((id) => id.startsWith(value)),
  };
  const template = new ResourceTemplate(sampleUri("{sample}"), {
    list: () => ({
      resources: newestSamples(lab, LISTED).map((sample) => ({
        uri: sampleUri(sample.id),
        name: sample.id,
        description: "texts" in sample
          ? `Text of ${sample.runId} at step ${sample.step}`
          : `${sample.kind} of ${sample.runId} at step ${sample.step}`,
        mimeType: "texts" in sample ? "text/plain" : "image/png",
      })),
    }),
    complete,
  });
  server.registerResource("sample", template, {
    title: "A sample",
    description: "A contact sheet or film strip as PNG, or the texts that a run on text wrote",
  }, (uri, variables) =>
    found(uri, async () => {
      const sample = sampleOf(lab, one(variables.sample));
      if ("texts" in sample) return text(uri.href, "text/plain", sample.texts.join("\n---\n"));
      const { samplePng } = await import("../figures/mod.ts");
      const { png } = await samplePng(lab, sample.id);
      const blob = Buffer.from(png).toString("base64");
      return { contents: [{ uri: uri.href, mimeType: "image/png", blob }] };
    }));
  const record = new ResourceTemplate(asJson(sampleUri("{sample}")), { list: undefined, complete });
  server.registerResource("sample-record", record, {
    title: "The record of a sample",
    description:
      "Settings, training step, cost and file of a sample; of texts all that was written",
    mimeType: "application/json",
  }, (uri, { sample }) => found(uri, () => json(uri.href, sampleOf(lab, one(sample)))));
}

/** @throws {UserError} If there is none of this id. */
function sampleOf(lab: Lab, id: string): Sample | TextSample {
  const runId = /^(text-\d+)-sample-\d+$/.exec(id)?.[1];
  if (runId === undefined) return lab.sampleById(id);
  const found = lab.texts(runId).find((sample) => sample.id === id);
  if (found) return found;
  throw new UserError(`There is no sample ${id}: inspect-run {"run": "${runId}"} names the newest`);
}

/** Of the newest runs, each run's newest first. */
function newestSamples(lab: Lab, count: number): (Sample | TextSample)[] {
  return lab.runs({ limit: SEARCHED_RUNS }).runs.flatMap<Sample | TextSample>(({ id, config }) =>
    config.modality === "text" ? lab.texts(id).reverse() : lab.samples(id).reverse()
  ).slice(0, count);
}

export function registerJournal(server: McpServer, { journal }: Surroundings): void {
  const list = { title: "The journal", description: "All entries, newest first" };
  server.registerResource(
    "journal",
    JOURNAL_URI,
    { ...list, mimeType: "application/json" },
    async () => json(JOURNAL_URI, { entries: (await journal()).listEntries() }),
  );
  const complete = {
    entry: async (value: string) =>
      (await journal()).listEntries().map((entry) => entry.id).filter((id) => id.startsWith(value)),
  };
  const template = new ResourceTemplate(journalUri("{entry}"), {
    list: async () => ({
      resources: (await journal()).listEntries().slice(0, LISTED).map((entry) => ({
        uri: journalUri(entry.id),
        name: entry.id,
        title: entry.title,
        description: entry.problem ?? entry.verdict,
        mimeType: "text/markdown",
      })),
    }),
    complete,
  });
  server.registerResource("journal-entry", template, {
    title: "A journal entry",
    description: "Hypothesis, results and verdict as Markdown",
    mimeType: "text/markdown",
  }, (uri, { entry }) =>
    found(uri, async () => {
      const { body } = (await journal()).readEntry(one(entry));
      return text(uri.href, "text/markdown", body);
    }));
  const record = new ResourceTemplate(asJson(journalUri("{entry}")), { list: undefined, complete });
  server.registerResource(
    "journal-record",
    record,
    {
      title: "The record of a journal entry",
      description: "What was said and what was computed, field by field",
      mimeType: "application/json",
    },
    (uri, { entry }) =>
      found(uri, async () => json(uri.href, (await journal()).readEntry(one(entry)))),
  );
}
