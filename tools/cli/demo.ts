/** What the program can do, in minutes: the pretrained models at once, then one that learns live. */
import { fileURLToPath } from "node:url";
import { duration, UserError } from "../../engine/host/mod.ts";
import {
  hasEnded,
  type Lab,
  type Run,
  type Sample,
  type TextSample,
} from "../../experiments/mod.ts";
import { z } from "zod";
import { repeated } from "../links.ts";
import { rounded } from "../rows.ts";
import {
  beside,
  blockLines,
  mosaic,
  openBrowser,
  play,
  type Screen,
  screenOf,
  textLines,
  withProgressBar,
} from "./terminal.ts";
import { commonOptions, dataRootsOf, defineCommand, labOf, listenFields } from "./command.ts";
import { START_PORT, type Viewer, viewerOf } from "./viewer.ts";

/** Characters of each text. */
const LENGTH = 120;
/** Seconds after which the live training is stopped. */
const MOST_SECONDS = 170;
/** Moments of a text that are shown. */
const MOMENTS = 60;

export const demoCommand = defineCommand({
  schema: z.strictObject({
    quick: z.boolean().default(false).describe("Shows the pretrained models, and trains nothing"),
    viewer: listenFields.viewer,
    browser: z.boolean().default(true).describe("Does not open the viewer in a browser"),
    host: listenFields.host,
    port: listenFields.port.optional().describe(
      "Port of the viewer (default 8765, or a free one where that is taken)",
    ),
    ...commonOptions,
  }),
  async run({ quick, viewer: withViewer, browser, host, port, ...common }, wiring) {
    console.log("TextDiffusion: digits and verse come out of noise, by two pretrained models.");
    const lab = labOf(common);
    const viewer = withViewer
      ? await viewerOf(lab, {
        host,
        port,
        first: START_PORT,
        lasting: true,
        dataRoots: dataRootsOf(undefined),
      }, wiring)
      : null;
    if (viewer) {
      console.log(`The same in a browser: ${viewer.url}/study`);
      if (browser) openBrowser(`${viewer.url}/study`);
    }
    const screen = screenOf();
    await showPretrained(lab, screen);
    if (!quick) await trainLive(lab, viewer, screen);
    console.log(farewell());
    if (viewer) {
      console.log(`\nViewer: ${viewer.url}   (Ctrl-C ends it)`);
      await viewer.own?.finished;
    }
    lab.close();
    return 0;
  },
});

/** Draws digits, and writes verse in two ways, with the settings that the study found best. */
async function showPretrained(lab: Lab, screen: Screen): Promise<void> {
  const began = performance.now();
  const [film] = lab.samples("study/digits");
  const [diffusion, hybrid] = lab.texts("study/verse");
  if (!film || !diffusion || !hybrid) {
    throw new UserError(
      "The pretrained models in study/ are missing: restore them with `git checkout -- study`",
    );
  }
  const digits = await drawDigits(lab, film);
  const verse = Promise.all([writeVerse(lab, diffusion), writeVerse(lab, hybrid)]);
  // A failure is met where it is waited for.
  verse.catch(() => {});
  console.log(`\n${digitsTitle(digits)}`);
  await playDigits(lab, digits.id, screen);
  await playVerse(await verse, screen);
  console.log(`\nThat took ${duration((performance.now() - began) / 1000)} on this machine.`);
}

async function drawDigits(lab: Lab, like: Sample): Promise<Sample> {
  const request = { run: "study/digits", count: 10, film_strip: true };
  return await lab.sample({ ...repeated(lab.run(request.run), like), ...request });
}

function digitsTitle({ settings, step, networkEvaluations }: Sample): string {
  return `study/digits (training step ${step}): ${settings.sampler}, ${networkEvaluations} ` +
    "evaluations of the network for each digit";
}

/** Every moment of a film strip, then the pictures as they came out. */
async function playDigits(lab: Lab, id: string, screen: Screen): Promise<void> {
  const { frames, images, height: side } = await lab.samplePixels(id);
  const columns = 5;
  const wide = columns * (side + 1) <= screen.columns && side < screen.rows - 2;
  const factor = wide && screen.redraws ? 1 : 2;
  const lines = [...frames.map(({ noisy }) => noisy), images].map((moment) =>
    blockLines(mosaic(moment, { side, columns, factor }), screen.greys)
  );
  await play(lines, screen, 250);
}

async function writeVerse(lab: Lab, like: TextSample): Promise<TextSample> {
  const request = { run: "study/verse", count: 1, length: LENGTH, film_strip: true };
  return await lab.write({ ...repeated(lab.run(request.run), like), ...request });
}

/** Both texts, side by side where the screen is wide enough, at the same share of their way. */
async function playVerse(samples: readonly TextSample[], screen: Screen): Promise<void> {
  const both = screen.columns >= 100;
  const width = both ? Math.floor(screen.columns / 2) - 2 : screen.columns - 1;
  const films = samples.map((sample) => filmOf(sample, width, screen));
  const frames = films[0]!.map((left, i) => {
    const right = films[1]![i]!;
    return both ? beside(left, right, width + 2) : [...left, ...right];
  });
  console.log(`\nstudy/verse (training step ${samples[0]!.step}):`);
  await play(frames, screen, 70);
}

/** A title and the text at each of {@link MOMENTS}, all of one height. */
function filmOf({ settings, texts, frames }: TextSample, width: number, screen: Screen) {
  const [text = ""] = texts;
  const finished = textLines({ written: text, part: "", confidence: [] }, width, screen.greys);
  const title = settings.mode === "blocks"
    ? `by diffusion alone, ${settings.block_size} characters at once`
    : `by diffusion and autoregression together (${settings.mode})`;
  const moments = Array.from({ length: MOMENTS }, (_, i) => {
    const frame = frames[Math.floor(i * frames.length / MOMENTS)];
    if (!frame) return finished;
    const written = [...text].slice(0, frame.start).join("");
    const [part = "", confidence = []] = [frame.texts[0], frame.confidence[0]];
    return textLines({ written, part, confidence }, width, screen.greys);
  });
  const all = [...moments, finished];
  const height = Math.max(...all.map((lines) => lines.length));
  return all.map((lines) => [
    title,
    ...Array.from({ length: height }, (_, i) => `  ${lines[i] ?? ""}`.trimEnd()),
  ]);
}

/** Trains a small network on the digits that come with the program, and draws with it. */
async function trainLive(lab: Lab, viewer: Viewer | null, screen: Screen): Promise<void> {
  const request = { preset: "demo", overrides: { dataset: "mnist-6k" }, label: "demo" } as const;
  const { runs: [run] } = await lab.train(request);
  const { id, steps } = run!;
  console.log(
    "\nNow a smaller network learns, live, from 6,000 digits that come with the program.",
  );
  if (viewer) console.log(`Watch it: ${viewer.url}/runs/${id}`);
  const seconds = await firstEstimate(lab, id);
  if (seconds !== null) {
    const stop = seconds > MOST_SECONDS ? `; it is stopped after ${duration(MOST_SECONDS)}` : "";
    console.log(
      `Measured on this machine: ${steps} steps take about ${duration(seconds)}${stop}.`,
    );
  }
  const trained = await watchFor(lab, id, MOST_SECONDS);
  if (trained.status === "stopped") {
    console.log(
      `Stopped after ${duration(MOST_SECONDS)}, at step ${trained.step}. Go on with: deno task ` +
        `train --resume ${id}`,
    );
  } else if (trained.status !== "finished") {
    throw new UserError(
      `${id} is ${trained.status}: ${trained.error ?? "it was stopped"}. ` +
        `Go on with: deno task train --resume ${id}`,
    );
  }
  const { latest: { denoising_mse }, baseline } = trained;
  const best = baseline === null
    ? ""
    : ` (the best that each pixel can do by itself: ${rounded(baseline)})`;
  console.log(
    denoising_mse === undefined
      ? "It was not validated yet. It draws:"
      : `\nDenoising error ${rounded(denoising_mse)}${best}. It draws:`,
  );
  const sample = await lab.sample({ run: id, count: 10, guidance_scale: 2, film_strip: true });
  await playDigits(lab, sample.id, screen);
}

/** Shows a bar until a run is over; one that takes longer is stopped, keeping a checkpoint. */
async function watchFor(lab: Lab, id: string, seconds: number): Promise<Run> {
  const [watched] = await withProgressBar((onProgress) =>
    lab.watch([id], { timeoutSeconds: seconds, everySeconds: 1, onProgress })
  );
  if (hasEnded(watched!)) return watched!;
  lab.stop([id]);
  const [stopped] = await lab.watch([id], { timeoutSeconds: seconds });
  return stopped!;
}

/** Seconds that a run will take at the speed of its first steps; null where it ended before. */
async function firstEstimate(lab: Lab, id: string): Promise<number | null> {
  for (;;) {
    const [run] = await lab.watch([id], { timeoutSeconds: 0.5 });
    if (!run || hasEnded(run)) return null;
    if (run.etaSeconds !== null) return run.etaSeconds;
  }
}

function farewell(): string {
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  return `
What to ask an assistant:
  "Let study/verse go on from ROMEO: in three ways, and tell me which reads best."
  "Sweep the noise schedule over two seeds with the tiny preset, and tell me which is better."
  "Fill in the lower halves of ten digits with study/digits, and look how many are right."

Add the server to Claude Code:
  claude mcp add textdiffusion -- deno task --config ${config} mcp`;
}
