import { join } from "node:path";
import { loadImageDataset, loadTextDataset } from "../../data/mod.ts";
import { UserError } from "../../engine/host/mod.ts";
import type { Lab, Run } from "../../experiments/mod.ts";
import { rounded } from "../rows.ts";
import { z } from "zod";
import {
  commonOptions,
  dataDirectory,
  dataRootsOf,
  defineCommand,
  labOf,
  listenFields,
} from "./command.ts";
import { withProgressBar } from "./progress_bar.ts";
import { watchToTheEnd } from "./train.ts";
import { START_PORT, type Viewer, viewerOf } from "./viewer.ts";

/** The whole loop, for digits and then for verse: data, training, samples, and the viewer. */
export const command = defineCommand({
  schema: z.strictObject({
    viewer: listenFields.viewer,
    verse: z.boolean().default(true).describe("Stops after the digits"),
    host: listenFields.host,
    port: listenFields.port.optional().describe(
      "Port of the viewer (default 8765, or a free one where that is taken)",
    ),
    ...commonOptions,
  }),
  async run({ viewer: withViewer, verse: withVerse, host, port, ...common }, wiring) {
    const lab = labOf(common);
    const viewer = withViewer
      ? await viewerOf(lab, {
        ...{ host, port, first: START_PORT },
        ...{ lasting: true, dataRoots: dataRootsOf(undefined) },
      }, wiring)
      : null;
    const directory = dataDirectory(common);
    const digits = await learn(lab, viewer, {
      preset: "demo",
      dataset: await chooseDigits(),
      title: "handwritten digits (about two minutes on two cores)",
    });
    const best = digits.baseline === null
      ? ""
      : ` (the best that each pixel can do by itself: ${rounded(digits.baseline)})`;
    console.log(`Denoising error ${rounded(digits.latest.denoising_mse)}${best}.`);
    console.log(`Pictures: ${await drawDigits(lab, digits.id)}`);
    if (withVerse) {
      const verse = await learn(lab, viewer, {
        preset: "demo-verse",
        dataset: await chooseVerse(directory),
        title: "verse, character by character out of noise (about three minutes)",
      });
      console.log(
        `At most ${rounded(verse.latest.nats_per_character)} nats per character${
          verse.baseline === null ? "" : ` (a bigram model: ${rounded(verse.baseline)})`
        }. It writes:\n\n${await writeVerse(lab, verse.id)}\n`,
      );
    }
    if (viewer) {
      console.log(`Viewer: ${viewer.url}   (Ctrl-C ends it)`);
      await viewer.own?.finished;
    }
    lab.close();
    return 0;
  },
});

/** Trains a preset to its end. */
async function learn(
  lab: Lab,
  viewer: Viewer | null,
  { preset, dataset, title }: {
    readonly preset: "demo" | "demo-verse";
    readonly dataset: string;
    readonly title: string;
  },
): Promise<Run> {
  console.log(`\nTraining a diffusion model of ${title}.`);
  const { runs } = await lab.train({ preset, overrides: { dataset }, label: preset });
  const { id } = runs[0]!;
  if (viewer) console.log(`Watch it learn: ${viewer.url}/runs/${id}\n`);
  const [trained] = await watchToTheEnd(lab, [id]);
  if (trained?.status !== "finished") {
    throw new UserError(
      `${id} is ${trained?.status}: ${trained?.error ?? "it was stopped"}. ` +
        `Go on with: deno task train --resume ${id}`,
    );
  }
  console.log(`\n${id} finished ${trained.steps} steps.`);
  return trained;
}

/** The digits of MNIST that come with the program: nothing is downloaded. */
async function chooseDigits(): Promise<string> {
  const { name, train, hash } = await loadImageDataset("mnist-6k");
  console.log(`Data: ${train.count} digits of MNIST (${name}), SHA-256 ${hash.slice(0, 12)}.`);
  return name;
}

/** Tiny Shakespeare where it can be had; otherwise the verse that the program writes itself. */
async function chooseVerse(directory: string | undefined): Promise<string> {
  try {
    const { hash } = await loadTextDataset("tiny-shakespeare", { directory });
    console.log(`Data: tiny Shakespeare, SHA-256 ${hash.slice(0, 12)}.`);
    return "tiny-shakespeare";
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.log(`Tiny Shakespeare cannot be had here (${reason}): going on with made-up verse.`);
    return "made-up-verse";
  }
}

async function writeVerse(lab: Lab, runId: string): Promise<string> {
  const request = { run: runId, count: 2, temperature: 0.8, film_strip: true };
  return (await lab.write(request)).texts.join("\n---\n");
}

async function drawDigits(lab: Lab, runId: string): Promise<string> {
  const request = { run: runId, count: 40, guidance_scale: 2 };
  const sample = await withProgressBar((onProgress) => lab.sample(request, { onProgress }));
  const { samplePng } = await import("../../figures/mod.ts");
  const { png } = await samplePng(lab, sample.id);
  const path = join(lab.workspace, "demo.png");
  await Deno.writeFile(path, png);
  return path;
}
