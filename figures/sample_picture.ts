/** Pictures of samples: contact sheets, film strips, and the samples of several runs side by side. */
import {
  type HeldOutPictures,
  isPretrained,
  type Lab,
  type Sample,
  type SamplePixels,
  writeFileAtomically,
} from "../experiments/mod.ts";
import { contactSheet, type FilmFrame, filmStrip } from "./contact_sheet.ts";
import { formatNumber } from "./theme.ts";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Describes the origin and the settings of a sample in one line. */
export function sampleTitle(sample: Sample): string {
  const step = sample.step.toLocaleString("en-US");
  return `${sample.runId} · training step ${step} · ${sampleSettings(sample)}`;
}

/** Describes sampler, steps, guidance and seed. */
export function sampleSettings(sample: Sample): string {
  const { sampler, steps, guidance_scale, eta, seed } = sample.settings;
  const { spacing, churn, variance, keep, strength } = sample.settings;
  const evaluations = sample.networkEvaluations;
  return [
    `${sampler.toUpperCase()} ${steps}${eta > 0 ? `, η ${formatNumber(eta)}` : ""}`,
    ...(evaluations === steps ? [] : [`${evaluations} evaluations`]),
    ...(spacing && spacing !== "trailing" ? [spacing] : []),
    ...(churn ? [`churn ${formatNumber(churn)}`] : []),
    ...(variance === "large" ? ["large variance"] : []),
    ...(keep ? [`${keep} half kept`] : []),
    ...(strength === undefined ? [] : [`strength ${formatNumber(strength)}`]),
    `guidance ${formatNumber(guidance_scale)}`,
    `seed ${seed}`,
  ].join(" · ");
}

/** The part of a sample to render: the number of examples and of frames. */
export interface SamplePart {
  readonly examples: number;
  readonly frames: number;
}

/** Number of examples of a full film strip. */
export const FILM_EXAMPLES = 8;

/** Renders a sample as PNG: as a film strip if it has frames, otherwise as a contact sheet. */
export function samplePicture(
  sample: Sample,
  pixels: SamplePixels,
  part?: SamplePart,
): Promise<Uint8Array<ArrayBuffer>> {
  return sample.kind === "film-strip" && pixels.frames.length > 0
    ? sampleFilmStrip(
      sample,
      pixels,
      part ?? { examples: FILM_EXAMPLES, frames: pixels.frames.length },
    )
    : pixels.heldOut
    ? heldOutSheet(sample, pixels, pixels.heldOut)
    : sampleContactSheet(sample, pixels, part?.examples ?? pixels.count);
}

/**
 * If the classes are cyclic (0…9, 0…9), each column shows one class, so that its diversity is visible. Otherwise
 * the class is below each image.
 */
function sampleContactSheet(
  sample: Sample,
  pixels: SamplePixels,
  examples: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { height, width, channels } = pixels;
  const count = Math.min(examples, pixels.count);
  const images = pixels.images.subarray(0, count * height * width * channels);
  const period = cycleLength(pixels.labels);
  const cyclic = period > 1 && period <= 10 && count >= period;
  return contactSheet({
    images,
    count,
    height,
    width,
    channels,
    title: sampleTitle(sample),
    columns: cyclic ? columnsFor(period, count) : undefined,
    captions: classNamesOf(pixels, count),
  });
}

/**
 * Renders held-out images, with the sampled part in grey, above the samples. If the classifier assigns another
 * class, both classes are below the sample.
 */
function heldOutSheet(
  sample: Sample,
  pixels: SamplePixels,
  heldOut: HeldOutPictures,
): Promise<Uint8Array<ArrayBuffer>> {
  const { count, height, width, channels, images, classNames } = pixels;
  const size = height * width * channels;
  const columns = Math.min(10, count);
  const rows = Math.ceil(count / columns);
  const tiles = new Float32Array(2 * rows * columns * size).fill(-1);
  const captions = Array<string>(2 * rows * columns).fill("");
  for (let i = 0; i < count; i++) {
    const above = 2 * Math.floor(i / columns) * columns + i % columns;
    const below = above + columns;
    const from = i * size;
    for (let j = 0; j < size; j++) {
      tiles[above * size + j] = heldOut.mask?.[from + j] === 0 ? 0 : heldOut.images[from + j]!;
    }
    tiles.set(images.subarray(from, from + size), below * size);
    const was = classNames[heldOut.labels[i]!] ?? "–";
    const seen = heldOut.recognised ? classNames[heldOut.recognised[i]!] ?? "–" : was;
    captions[above] = was;
    captions[below] = seen === was ? "" : `seen as ${seen}`;
  }
  return contactSheet({
    images: tiles,
    count: 2 * rows * columns,
    height,
    width,
    channels,
    columns,
    title: sampleTitle(sample),
    captions,
  });
}

/** Renders evenly spaced frames, including the first and the last. */
function sampleFilmStrip(
  sample: Sample,
  pixels: SamplePixels,
  { examples, frames: moments }: SamplePart,
): Promise<Uint8Array<ArrayBuffer>> {
  const shown = Math.min(pixels.count, examples);
  const values = shown * pixels.height * pixels.width * pixels.channels;
  const last = pixels.frames.length - 1;
  const kept = Array.from(
    { length: Math.min(moments, last + 1) },
    (_, i) => pixels.frames[moments > last ? i : Math.round(i * last / (moments - 1))]!,
  );
  const frames: FilmFrame[] = kept.map((frame) => ({
    caption: noiseShare(frame.gamma),
    noisy: frame.noisy.subarray(0, values),
    denoised: frame.denoised.subarray(0, values),
  }));
  return filmStrip({
    frames,
    count: shown,
    height: pixels.height,
    width: pixels.width,
    channels: pixels.channels,
    title: sampleTitle(sample),
    captions: classNamesOf(pixels, shown),
  });
}

/** Renders one frame: the noisy images above the denoised estimates. */
export function sampleMoment(
  pixels: SamplePixels,
  index: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { height, width, channels } = pixels;
  const { noisy, denoised } = pixels.frames[index]!;
  const shown = Math.min(pixels.count, FILM_EXAMPLES);
  const values = shown * height * width * channels;
  const images = new Float32Array(2 * values);
  images.set(noisy.subarray(0, values));
  images.set(denoised.subarray(0, values), values);
  return contactSheet({
    images,
    count: 2 * shown,
    height,
    width,
    channels,
    columns: shown,
    rowCaptions: ["x_t", "x̂"],
  });
}

/** Describes the share of noise in the variance of x_t, σ² = sigmoid(γ). */
export function noiseShare(gamma: number): string {
  return `${formatNumber(100 / (1 + Math.exp(-gamma)), 2)} %`;
}

/** Returns the class name of each image; the label after the last class is "no class". */
function classNamesOf({ labels, classNames }: SamplePixels, count: number): string[] {
  return Array.from(labels.subarray(0, count), (label) => classNames[label] ?? "–");
}

/** Returns the number of columns, a multiple of the period that keeps the sheet from becoming too tall. */
function columnsFor(period: number, count: number): number {
  const turns = count / period <= 10 ? 1 : Math.floor(10 / period);
  return turns * period;
}

/** Returns the period of the list. */
function cycleLength(labels: Int32Array): number {
  for (let length = 1; length < labels.length; length++) {
    if (labels.every((label, index) => label === labels[index % length])) return length;
  }
  return labels.length;
}

/**
 * Renders the first images of several samples, one sample in each row, to compare samplers, numbers of steps and
 * guidance with the same initial noise.
 *
 * @param columns Number of images in a row, at most the size of the smallest sample.
 */
export function sideBySide(
  samples: readonly { readonly sample: Sample; readonly pixels: SamplePixels }[],
  columns: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { height, width, channels } = samples[0]!.pixels;
  const values = columns * height * width * channels;
  const images = new Float32Array(samples.length * values);
  samples.forEach(({ pixels }, row) => images.set(pixels.images.subarray(0, values), row * values));
  return contactSheet({
    images,
    count: samples.length * columns,
    height,
    width,
    channels,
    columns,
    rowCaptions: samples.map(({ sample }) =>
      sampleSettings(sample).replace(` · seed ${sample.settings.seed}`, "")
    ),
  });
}

/** Version of the rendering, part of the name of cached files. */
const DRAWING = 2;

/**
 * The picture of a stored sample, drawn once and kept among the files of its run in the workspace.
 *
 * @throws {UserError} If there is no such sample.
 */
export async function samplePng(
  lab: Pick<Lab, "workspace" | "sampleById" | "samplePixels">,
  id: string,
): Promise<{ readonly path: string; readonly png: Uint8Array<ArrayBuffer> }> {
  const sample = lab.sampleById(id);
  const folder = join(lab.workspace, "runs", sample.runId, "samples");
  // Another version of the program may come with another sample of the same id.
  const made = isPretrained(sample.runId) ? `.${Date.parse(sample.createdAt)}` : "";
  const path = join(folder, `${sample.id}${made}.${DRAWING}.png`);
  try {
    return { path, png: new Uint8Array(await readFile(path)) };
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
  }
  const png = await samplePicture(sample, await lab.samplePixels(id));
  // Another process may render the same picture.
  writeFileAtomically(path, png);
  return { path, png };
}
