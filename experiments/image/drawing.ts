/** Sampling images with the network of a run. */
import {
  type Evaluation,
  guidanceAt,
  isFrame,
  isGuided,
  sampleStart,
  samplingPlan,
} from "../../models/diffusion/mod.ts";
import { type ImageNetwork, imageNetwork, type ImageShape } from "../../models/image/mod.ts";
import {
  type Arrays,
  type Engine,
  normals,
  type Parameters,
  type Program,
} from "../../engine/mod.ts";
import {
  compileSampling,
  compileStep,
  denoiser,
  needsOf,
  runSampling,
  type SamplingProgram,
} from "../../models/steps/mod.ts";
import { resultId } from "../store/results.ts";
import type { Store } from "../store/store.ts";
import type { PictureFacts, Run } from "../store/run.ts";
import type { HeldOutPictures, Sample, SamplePixels, SampleSettings } from "./requests.ts";
import { type ImageConfig, objectiveFor } from "./config.ts";
import { join } from "node:path";
import { namesIn, writeFileAtomically } from "../common/system.ts";
import { encodeSamplePixels, pictureFacts, valuesIn } from "./pictures.ts";
import { levelsFor, ownOptions } from "./settings.ts";

/** Returns the network of a configuration for an image shape; its parameters are not initialised. */
export async function networkOf(
  { size, network, self_condition }: ImageConfig,
  shape: ImageShape,
): Promise<ImageNetwork> {
  return await imageNetwork(size, shape, { kind: network, selfConditioned: self_condition > 0 });
}

/**
 * Compiles one evaluation of the denoiser, with the weights as constants: what sampling spends its time
 * on, by which a device is chosen.
 */
export async function compileDenoiser(
  engine: Engine,
  network: ImageNetwork,
  config: ImageConfig,
  settings: SampleSettings,
  ema: Parameters,
): Promise<Program> {
  const step = denoiser(network, objectiveFor(config), guidanceOf(settings));
  return await compileStep(engine, step, {
    batch: settings.count,
    outputs: "concat",
    weights: ema,
  });
}

function guidanceOf({ guidance_scale, guidance_rescale }: SampleSettings) {
  const guided = isGuided(guidance_scale);
  return { guided, rescaled: guided && !!guidance_rescale };
}

/** Programs that sample with one network. */
export interface Sampler {
  readonly program: SamplingProgram;
  /** For levels outside of the guidance interval, without guidance. */
  readonly plain?: SamplingProgram | undefined;
  dispose(): Promise<void>;
}

/**
 * Compiles a sampler for settings and for all that differ from them by seed, classes, levels or guidance
 * scale ({@link samplerShape}).
 *
 * @param weights The weights, compiled into the programs as constants. Without them, every sample brings
 * its own.
 */
export async function compileSampler(
  engine: Engine,
  network: ImageNetwork,
  config: ImageConfig,
  settings: SampleSettings,
  weights?: Parameters,
): Promise<Sampler> {
  const needs = needsOf(planFor(config, settings));
  const compile = (guidance: { readonly guided: boolean; readonly rescaled?: boolean }) =>
    compileSampling(engine, denoiser(network, objectiveFor(config), guidance), {
      batch: settings.count,
      needs,
      clip: [-1, 1],
      weights,
    });
  const guidance = guidanceOf(settings);
  const program = await compile(guidance);
  const plain = guidance.guided && settings.guidance_interval
    ? await compile({ guided: false })
    : undefined;
  return {
    program,
    plain,
    async dispose() {
      await program.dispose();
      await plain?.dispose();
    },
  };
}

/** What the programs of a sampler depend on, besides network and weights, as a key. */
export function samplerShape(config: ImageConfig, settings: SampleSettings): string {
  const { count, guidance_interval } = settings;
  const { guided, rescaled } = guidanceOf(settings);
  const needs = JSON.stringify(needsOf(planFor(config, settings)));
  return [count, guided, rescaled, !!guidance_interval, needs].join(" ");
}

function planFor(config: ImageConfig, settings: SampleSettings): readonly Evaluation[] {
  const { sampler, resamples, keep } = settings;
  return samplingPlan({
    sampler,
    options: ownOptions(settings),
    levels: levelsFor(config, settings),
    inpaint: keep === undefined ? undefined : { resamples },
  });
}

/** Number of frames of a film strip. */
const FRAMES = 10;

/**
 * Samples images. The initial noise depends on the seed only, so that samplers, numbers of steps and guidance
 * scales can be compared with the same noise.
 *
 * @param options.weights The weights, unless they are constants of the sampler's programs.
 * @param options.heldOut The held-out images for in-painting or image-to-image.
 * @param options.onStep Called with the number of the step that is carried out and the total number of steps.
 * @returns The images, clipped to [−1, 1], the elapsed seconds, and the number of network evaluations for
 * each image; guided evaluations count twice.
 */
export async function drawSample(
  { program, plain }: Sampler,
  config: ImageConfig,
  pictures: PictureFacts,
  settings: SampleSettings,
  options: {
    weights?: Arrays | undefined;
    onStep?: ((step: number, steps: number) => void) | undefined;
    heldOut?: HeldOutPictures | undefined;
    signal?: AbortSignal | undefined;
  } = {},
): Promise<{ pixels: SamplePixels; seconds: number; networkEvaluations: number }> {
  const { seed, count, strength, film_strip, guidance_scale, guidance_rescale } = settings;
  const { heldOut } = options;
  const length = count * valuesIn(pictures);
  const plan = planFor(config, settings);
  const inpaint = heldOut?.mask && { known: heldOut.images, mask: heldOut.mask };
  const labels = Int32Array.from(settings.classes);
  const guidance = { scale: guidance_scale, interval: settings.guidance_interval };
  const isGuidedAt = (gamma: number) => isGuided(guidanceAt(gamma, guidance));
  const began = performance.now();
  const { points: images, frames } = await runSampling(program, {
    plan,
    start: sampleStart({
      z: normals({ seed, stream: "sample-start", step: 0 }, length),
      levels: levelsFor(config, settings),
      origin: strength === undefined ? undefined : heldOut?.images,
      inpaint,
    }),
    constantInputs: {
      labels,
      guidance_scale: Float32Array.of(guidance_scale),
      guidance_rescale: Float32Array.of(guidance_rescale ?? 0),
      ...options.weights,
    },
    inpaint,
    noise: { seed, stream: "sample-noise" },
    programAt: (gamma) => plain && !isGuidedAt(gamma) ? plain : program,
    isFrame: film_strip ? (step, steps) => isFrame(step, steps, FRAMES) : undefined,
    onStep: options.onStep,
    signal: options.signal,
  });
  const seconds = (performance.now() - began) / 1000;
  const pixels: SamplePixels = {
    ...pictureFacts(pictures),
    count,
    images,
    labels,
    heldOut,
    frames: frames.map(({ step, gamma, noisy, denoised }) => ({
      step: step - 1,
      gamma,
      noisy,
      denoised,
    })),
  };
  const networkEvaluations = plan.reduce((sum, { gamma }) => sum + (isGuidedAt(gamma) ? 2 : 1), 0);
  return { pixels, seconds, networkEvaluations };
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
  const { pixels, ...record } = made;
  const { settings, step } = record;
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
    store.samples.insert({ id, runId: run.id, number, kind, path, ...record });
    store.events.add("sample-made", run.id, `${id}: ${settings.count} pictures at step ${step}`);
  });
  return store.samples.byId(id) as Sample;
}
