/** Sampling images with the network of a run. */
import {
  type Denoise,
  guidanceAt,
  isGuided,
  noiseInputs,
  sampleDiffusion,
  type SampleStep,
} from "../../models/diffusion/mod.ts";
import { type ImageNetwork, imageNetwork, type ImageShape } from "../../models/image/mod.ts";
import {
  type Arrays,
  type Engine,
  normals,
  type Parameters,
  type Program,
} from "../../engine/mod.ts";
import { compileStep, denoiser } from "../../models/steps/mod.ts";
import { resultId } from "../store/ids.ts";
import type { Store } from "../store/store.ts";
import type { PictureFacts, Run } from "../store/run.ts";
import type {
  HeldOutPictures,
  Sample,
  SampleFrame,
  SamplePixels,
  SampleSettings,
} from "./requests.ts";
import { type ImageConfig, imageConfigOf, objectiveFor } from "./config.ts";
import { join } from "node:path";
import { namesIn, writeFileAtomically } from "../common/files.ts";
import { encodeSamplePixels, pictureFacts } from "./pictures.ts";
import { levelsFor, ownOptions } from "./settings.ts";

/** Returns the network of a configuration for an image shape; its parameters are not initialised. */
export async function networkOf(
  { size, network, self_condition }: ImageConfig,
  shape: ImageShape,
): Promise<ImageNetwork> {
  return await imageNetwork(size, shape, { kind: network, selfConditioned: self_condition > 0 });
}

/** Compiles the denoiser without guidance for a batch of `count` images, with the weights as inputs. */
export async function compileChangingDenoiser(
  engine: Engine,
  network: ImageNetwork,
  config: ImageConfig,
  count: number,
): Promise<Program> {
  const step = denoiser(network, objectiveFor(config), { guided: false });
  return await compileStep(engine, step, { batch: count, outputs: "concat" });
}

/** The denoiser and, if guidance is limited to an interval, the denoiser without guidance. */
export interface Denoisers {
  readonly program: Program;
  readonly plain?: Program;
}

/** Compiles the denoiser with the weights as constants, which ONNX Runtime can pre-pack. */
export async function compileDenoiser(
  engine: Engine,
  network: ImageNetwork,
  run: Run,
  settings: SampleSettings,
  ema: Parameters,
): Promise<Denoisers> {
  const { count, guidance_scale, guidance_interval, guidance_rescale } = settings;
  const guided = isGuided(guidance_scale);
  const rescaled = guided && !!guidance_rescale;
  const program = await compile(guided, rescaled);
  if (!guided || !guidance_interval) return { program };
  return { program, plain: await compile(false, false) };

  async function compile(guided: boolean, rescaled: boolean): Promise<Program> {
    const objective = objectiveFor(imageConfigOf(run));
    return await compileStep(engine, denoiser(network, objective, { guided, rescaled }), {
      batch: count,
      outputs: "concat",
      weights: ema,
    });
  }
}

/** Number of frames of a film strip. */
const FRAMES = 10;

/** Returns the guidance scale at a noise level. */
function scaleAt(gamma: number, settings: SampleSettings): number {
  return guidanceAt(gamma, {
    scale: settings.guidance_scale,
    interval: settings.guidance_interval,
  });
}

/**
 * Adapts a compiled denoiser for samplers.
 *
 * @param weights The weights, unless they are constants of the program.
 * @param plain The denoiser without guidance, for levels outside of the guidance interval.
 */
export function denoiseWith(
  program: Program,
  settings: SampleSettings,
  weights: Arrays = {},
  plain?: Program,
): Denoise {
  const labels = Int32Array.from(settings.classes);
  return async (z, gamma, _step, previous) => {
    const levels = noiseInputs(new Float64Array(settings.count).fill(gamma));
    const scale = scaleAt(gamma, settings);
    const asked = plain && !isGuided(scale) ? plain : program;
    const guidance = {
      ...("guidance_scale" in asked.inputs ? { guidance_scale: Float32Array.of(scale) } : {}),
      ...("guidance_rescale" in asked.inputs
        ? { guidance_rescale: Float32Array.of(settings.guidance_rescale ?? 0) }
        : {}),
    };
    const condition = "previous" in asked.inputs
      ? { previous: previous ?? new Float32Array(z.length) }
      : {};
    const { denoised } = await asked.run({
      ...weights,
      ...guidance,
      ...condition,
      ...levels,
      z,
      labels,
    });
    return denoised as Float32Array;
  };
}

/**
 * Samples images. The initial noise depends on the seed only, so that samplers, numbers of steps and guidance
 * scales can be compared with the same noise.
 *
 * @param options.heldOut The held-out images for in-painting or image-to-image.
 * @param options.onStep Called with the number of completed steps and the total number of steps.
 * @returns The images, clipped to [−1, 1], the elapsed seconds, and the number of network evaluations for
 * each image; guided evaluations count twice.
 */
export async function drawSample(
  denoise: Denoise,
  config: ImageConfig,
  pictures: PictureFacts,
  settings: SampleSettings,
  options: {
    onStep?: (step: number, steps: number) => void;
    heldOut?: HeldOutPictures | undefined;
    signal?: AbortSignal | undefined;
  } = {},
): Promise<{ pixels: SamplePixels; seconds: number; networkEvaluations: number }> {
  const { seed, count, sampler, strength, resamples } = settings;
  const { heldOut } = options;
  const length = count * pictures.height * pictures.width * pictures.channels;
  const levels = levelsFor(config, settings);
  const start = normals({ seed, stream: "sample-start", step: 0 }, length);
  const film = filmOf(settings);
  let networkEvaluations = 0;
  const began = performance.now();
  const images = await sampleDiffusion((z, gamma, ...rest) => {
    networkEvaluations += isGuided(scaleAt(gamma, settings)) ? 2 : 1;
    return denoise(z, gamma, ...rest);
  }, {
    sampler,
    levels,
    z: start,
    noise: (step) => normals({ seed, stream: "sample-noise", step }, length),
    clip: [-1, 1],
    onStep(step) {
      film.record(step);
      options.onStep?.(step.step, step.steps);
    },
    origin: strength === undefined ? undefined : heldOut?.images,
    inpaint: heldOut?.mask && { known: heldOut.images, mask: heldOut.mask, resamples },
    options: ownOptions(settings),
    signal: options.signal,
  });
  const seconds = (performance.now() - began) / 1000;
  const labels = Int32Array.from(settings.classes);
  const pixels: SamplePixels = {
    ...pictureFacts(pictures),
    count,
    images,
    labels,
    heldOut,
    frames: film.frames,
  };
  return { pixels, seconds, networkEvaluations };
}

/** Records x_t and the denoised estimate for about ten of the steps, including the first and the last. */
function filmOf({ film_strip }: SampleSettings) {
  const frames: SampleFrame[] = [];
  return {
    frames,
    record({ step, steps, from, denoised }: SampleStep): void {
      if (film_strip && isFrame(step, steps)) {
        frames.push({ step: step - 1, gamma: from.gamma, noisy: from.z, denoised });
      }
    },
  };
}

/** Whether a step, from 1, is one of {@link FRAMES} evenly spaced steps. */
function isFrame(step: number, steps: number): boolean {
  const count = Math.min(FRAMES, steps);
  return Array.from(
    { length: count },
    (_, i) => 1 + Math.round(i * (steps - 1) / Math.max(1, count - 1)),
  ).includes(step);
}

/** Returns the next sample number for which the folder of the run has no files. */
function nextSample(store: Store, runId: string): { number: number; id: string } {
  const names = namesIn(join(store.workspace, "runs", runId, "samples"));
  for (;;) {
    const number = store.runs.nextSampleNumber(runId);
    const id = resultId(runId, "sample", number);
    if (!names.some((name) => name.startsWith(`${id}.`))) return { number, id };
  }
}

/** Writes the pixels to the folder of the run and adds the sample to the store. */
export function keepSample(
  store: Store,
  run: Run,
  made: {
    readonly pixels: SamplePixels;
    readonly settings: SampleSettings;
    readonly step: number;
    readonly seconds: number;
    readonly networkEvaluations: number;
    readonly device: string;
  },
): Sample {
  const { pixels, settings, step, seconds, networkEvaluations, device } = made;
  const { number, id } = nextSample(store, run.id);
  const path = join("runs", run.id, "samples", `${id}.safetensors`);
  const bytes = encodeSamplePixels(pixels, {
    sample: id,
    run: run.id,
    step: String(step),
    settings: JSON.stringify(settings),
    config_hash: run.configHash,
    code_version: run.codeVersion,
  });
  writeFileAtomically(join(store.workspace, path), bytes);
  const kind = settings.film_strip ? "film-strip" : "contact-sheet";
  store.transaction(() => {
    store.samples.insert({
      id,
      runId: run.id,
      number,
      step,
      kind,
      settings,
      networkEvaluations,
      path,
      seconds,
      device,
    });
    store.events.add("sample-made", run.id, `${id}: ${settings.count} pictures at step ${step}`);
  });
  return store.samples.byId(id) as Sample;
}
