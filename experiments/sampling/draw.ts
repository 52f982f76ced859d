/** Drawing pictures with a denoiser, and keeping them. */
import { join } from "node:path";
import { normals } from "../../engine/mod.ts";
import type { Arrays, Program } from "../../engine/mod.ts";
import {
  type Denoise,
  noiseInputs,
  sampleDiffusion,
  samplingLevels,
  schedule,
} from "../../models/diffusion/mod.ts";
import type { RunConfig } from "../config.ts";
import { writeFileAtomically } from "../files.ts";
import type { Store } from "../store/mod.ts";
import type { Run, Sample, SampleFrame, SamplePixels, SampleSettings } from "../types.ts";
import { encodeSamplePixels } from "./pixels.ts";

const HEIGHT = 28, WIDTH = 28, CHANNELS = 1;
/** Frames of a film strip. */
const FRAMES = 10;

/** A compiled denoiser as samplers call it. @param weights Where they are not baked into it. */
export function denoiseWith(
  program: Program,
  settings: SampleSettings,
  weights: Arrays = {},
): Denoise {
  const labels = Int32Array.from(settings.classes);
  const guidance = "guidance_scale" in program.inputs
    ? { guidance_scale: Float32Array.of(settings.guidance_scale) }
    : {};
  return async (z, gamma) => {
    const levels = noiseInputs(new Float64Array(settings.count).fill(gamma));
    const { denoised } = await program.run({ ...weights, ...guidance, ...levels, z, labels });
    return denoised as Float32Array;
  };
}

/**
 * Walks noise to pictures. The start depends on the seed alone, so that samplers, step counts and
 * guidance scales can be compared on one start.
 *
 * @returns The pictures, clipped to [−1, 1], and the seconds it took.
 */
export async function drawSample(
  denoise: Denoise,
  config: RunConfig,
  settings: SampleSettings,
  options: { onStep?: (step: number) => void; signal?: AbortSignal } = {},
): Promise<{ pixels: SamplePixels; seconds: number }> {
  const { seed, count, steps, sampler } = settings;
  const length = count * HEIGHT * WIDTH * CHANNELS;
  const levels = samplingLevels(schedule(config.schedule), steps);
  const start = normals({ seed, stream: "sample-start", step: 0 }, length);
  const film = filmOf(settings, start, levels);
  const began = performance.now();
  const images = await sampleDiffusion(denoise, {
    sampler,
    levels,
    z: start,
    noise: (step) => normals({ seed, stream: "sample-noise", step }, length),
    clip: [-1, 1],
    onStep(step) {
      film.record(step);
      options.onStep?.(step.step);
    },
    ...(sampler === "ddim" ? { eta: settings.eta } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const seconds = (performance.now() - began) / 1000;
  const shape = { count, height: HEIGHT, width: WIDTH, channels: CHANNELS };
  const labels = Int32Array.from(settings.classes);
  return { pixels: { ...shape, images, labels, frames: film.frames }, seconds };
}

/** Keeps x_t and the denoiser's answer to it for about ten of the steps, first and last among them. */
function filmOf(settings: SampleSettings, start: Float32Array, levels: readonly number[]) {
  const { steps, film_strip } = settings;
  const frameCount = film_strip ? Math.min(FRAMES, steps) : 0;
  const wanted = new Set(
    Array.from(
      { length: frameCount },
      (_, i) => 1 + Math.round(i * (steps - 1) / Math.max(1, frameCount - 1)),
    ),
  );
  const frames: SampleFrame[] = [];
  let before = start;
  return {
    frames,
    record({ step, z, denoised }: { step: number; z: Float32Array; denoised: Float32Array }): void {
      if (wanted.has(step)) {
        frames.push({ step: step - 1, gamma: levels[step - 1]!, noisy: before, denoised });
      }
      before = z;
    },
  };
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
    readonly device: string;
  },
): Sample {
  const { pixels, settings, step, seconds, device } = made;
  const number = store.runs.nextSampleNumber(run.id);
  const id = `${run.id}-sample-${String(number).padStart(3, "0")}`;
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
      path,
      seconds,
      device,
    });
    store.events.add("sample-made", run.id, `${id}: ${settings.count} pictures at step ${step}`);
  });
  return store.samples.byId(id)!;
}
