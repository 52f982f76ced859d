/** Drawing pictures with a denoiser, and keeping them. */
import { join } from "node:path";
import { normals } from "../../engine/mod.ts";
import type { Arrays, Program } from "../../engine/mod.ts";
import {
  type Denoise,
  guidanceAt,
  noiseInputs,
  sampleDiffusion,
  type SampleStep,
} from "../../models/diffusion/mod.ts";
import type { ImageConfig } from "../config.ts";
import { namesIn, writeFileAtomically } from "../files.ts";
import { pictureFacts } from "../image/pictures.ts";
import type { Store } from "../store/mod.ts";
import type {
  GivenPictures,
  PictureFacts,
  Run,
  Sample,
  SampleFrame,
  SamplePixels,
  SampleSettings,
} from "../types.ts";
import { levelsFor } from "./levels.ts";
import { takenBy } from "./names.ts";
import { isGuided } from "./options.ts";
import { encodeSamplePixels } from "./pixels.ts";

/** Frames of a film strip. */
const FRAMES = 10;

/** The scale of guidance at a noise level. */
function scaleAt(gamma: number, settings: SampleSettings): number {
  const { guidance_scale: scale, guidance_interval: interval } = settings;
  return guidanceAt(gamma, { scale, ...(interval ? { interval } : {}) });
}

/**
 * A compiled denoiser as samplers call it.
 *
 * @param weights Where they are not baked into it.
 * @param plain The denoiser without guidance, for levels outside of the guidance's interval.
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
 * Walks noise to pictures. The start depends on the seed alone, so that samplers, step counts and
 * guidance scales can be compared on one start.
 *
 * @param options.given The held-out pictures that the settings keep a part of, or start from.
 * @param options.onStep Called with the steps done and of the whole walk.
 * @returns The pictures, clipped to [−1, 1], the seconds it took, and the evaluations of the network
 * for each picture: a guided one counts twice.
 */
export async function drawSample(
  denoise: Denoise,
  config: ImageConfig,
  pictures: PictureFacts,
  settings: SampleSettings,
  options: {
    onStep?: (step: number, steps: number) => void;
    given?: GivenPictures;
    signal?: AbortSignal;
  } = {},
): Promise<{ pixels: SamplePixels; seconds: number; networkEvaluations: number }> {
  const { seed, count, sampler, strength, resamples } = settings;
  const { given } = options;
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
    ...(given && strength !== undefined ? { origin: given.images } : {}),
    ...(given?.mask
      ? {
        inpaint: {
          known: given.images,
          mask: given.mask,
          ...(resamples === undefined ? {} : { resamples }),
        },
      }
      : {}),
    ...(takenBy.eta.includes(sampler) ? { eta: settings.eta } : {}),
    ...(settings.churn === undefined ? {} : { churn: settings.churn }),
    ...(settings.variance === undefined ? {} : { variance: settings.variance }),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const seconds = (performance.now() - began) / 1000;
  const labels = Int32Array.from(settings.classes);
  const pixels: SamplePixels = {
    ...pictureFacts(pictures),
    count,
    images,
    labels,
    ...(given ? { given } : {}),
    frames: film.frames,
  };
  return { pixels, seconds, networkEvaluations };
}

/** Keeps x_t and the denoiser's answer to it for about ten of the steps, first and last among them. */
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

/** Whether step 1 … steps is one of {@link FRAMES} spread evenly over them. */
function isFrame(step: number, steps: number): boolean {
  const count = Math.min(FRAMES, steps);
  return Array.from(
    { length: count },
    (_, i) => 1 + Math.round(i * (steps - 1) / Math.max(1, count - 1)),
  ).includes(step);
}

/** The next number under which the run's folder has no files yet, whoever put them there. */
function nextSample(store: Store, runId: string): { number: number; id: string } {
  const names = namesIn(join(store.workspace, "runs", runId, "samples"));
  for (;;) {
    const number = store.runs.nextSampleNumber(runId);
    const id = `${runId}-sample-${String(number).padStart(3, "0")}`;
    if (!names.some((name) => name.startsWith(`${id}.`))) return { number, id };
  }
}

/** Writes the pixels beside the run's other files and enters them in the store. */
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
  return store.samples.byId(id)!;
}
