import { join } from "node:path";
import { loadImageDataset } from "../../data/mod.ts";
import { UserError } from "../../engine/host/mod.ts";
import type { Lab, RunConfig } from "../../experiments/mod.ts";
import { rounded } from "../rows.ts";
import type { Command, Wiring } from "./command.ts";
import { labOf, parseOptions } from "./options.ts";
import { progressBar } from "./progress_bar.ts";
import { listen, type Listening, listenOptions } from "./serving.ts";
import { watchToTheEnd } from "./train.ts";

/** The whole loop: data, a training of about two minutes, pictures, and the viewer. */
export const run: Command = async (args, wiring) => {
  const { values } = parseOptions(args, {
    port: { type: "string" },
    host: { type: "string" },
    "no-viewer": { type: "boolean", default: false },
  });
  const lab = labOf(values);
  const viewer = values["no-viewer"] ? null : await serveViewer(lab, values, wiring);
  const dataset = await chooseDataset(values.data ?? Deno.env.get("TEXTDIFFUSION_DATA"));
  console.log(
    "\nTraining a diffusion model of handwritten digits (about two minutes on two cores).",
  );
  const { runs } = await lab.train({ preset: "demo", overrides: { dataset }, label: "demo" });
  const { id } = runs[0]!;
  if (viewer) console.log(`Watch it learn: ${viewer.url}/runs/${id}\n`);
  const [trained] = await watchToTheEnd(lab, [id]);
  if (trained?.status !== "finished") {
    throw new UserError(
      `${id} is ${trained?.status}: ${trained?.error ?? "it was stopped"}. ` +
        `Go on with: deno task train --resume ${id}`,
    );
  }
  console.log(
    `\n${id} finished ${trained.steps} steps: denoising error ${
      rounded(trained.latest.denoising_mse)
    }${
      trained.trivialMse === null
        ? ""
        : ` (the best that each pixel can do by itself: ${rounded(trained.trivialMse)})`
    }.`,
  );
  const picture = await drawDigits(lab, id);
  console.log(`Pictures: ${picture}`);
  if (viewer) {
    console.log(`Viewer:   ${viewer.url}/runs/${id}   (Ctrl-C ends it)`);
    await viewer.finished;
  }
  lab.close();
  return 0;
};

/** MNIST where it can be had; otherwise the digits that the program draws itself. */
async function chooseDataset(directory: string | undefined): Promise<RunConfig["dataset"]> {
  const bar = progressBar();
  try {
    const { train, hash } = await loadImageDataset("mnist", {
      ...(directory === undefined ? {} : { directory }),
      onProgress: ({ file, receivedBytes, totalBytes }) =>
        bar.update(receivedBytes, totalBytes ?? receivedBytes, `downloading ${file}`),
    });
    bar.end();
    console.log(`Data: MNIST, ${train.count} digits, SHA-256 ${hash.slice(0, 12)}.`);
    return "mnist";
  } catch (error) {
    bar.end();
    const reason = error instanceof Error ? error.message : String(error);
    console.log(`MNIST cannot be had here (${reason}): going on with made-up digits.`);
    return "made-up-digits";
  }
}

async function drawDigits(lab: Lab, runId: string): Promise<string> {
  const bar = progressBar();
  const sample = await lab.sample({ run: runId, count: 40, guidance_scale: 2 }, {
    onProgress: ({ done, total, message }) => bar.update(done, total, message),
  }).finally(() => bar.end());
  const { samplePng } = await import("../../figures/mod.ts");
  const { png } = await samplePng(lab, sample.id);
  const path = join(lab.workspace, "demo.png");
  await Deno.writeFile(path, png);
  return path;
}

/** On the usual port where it is free, so that a second demo does not fail for it. */
async function serveViewer(
  lab: Lab,
  values: { readonly port?: string | undefined; readonly host?: string | undefined },
  { openViewer }: Wiring,
): Promise<Listening> {
  const { createHttpApp } = await import("../http.ts");
  const options = listenOptions(values, 8765);
  const handler = (viewerUrl: string) => {
    const app = createHttpApp(lab, { viewerUrl, host: options.host, openViewer });
    return Promise.resolve((request: Request) => app.fetch(request));
  };
  try {
    return listen(options, handler);
  } catch (error) {
    if (!(error instanceof UserError) || values.port !== undefined) throw error;
    return listen({ ...options, port: 0 }, handler);
  }
}
