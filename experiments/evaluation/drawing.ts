/** Drawing the pictures that are measured, a batch at a time. */
import { integers } from "../../engine/mod.ts";
import type { Denoise } from "../../models/diffusion/mod.ts";
import type { ImageConfig } from "../config.ts";
import { drawSample } from "../sampling/draw.ts";
import { hasEta } from "../sampling/names.ts";
import { samplingOptions } from "../sampling/options.ts";
import { sampleSettings } from "../sampling/settings.ts";
import type { ImageEvaluationSettings, PictureFacts, SampleSettings } from "../types.ts";
import type { Generated } from "./measure.ts";

/** Pictures with what it took to draw them; the evaluations are those for each picture. */
export interface DrawnPictures extends Generated {
  readonly seconds: number;
  readonly networkEvaluations: number;
}

/** Pictures that are drawn at once. */
export const DRAWING_BATCH = 200;

/** Steps of the sampler over all batches, for the progress. */
export function drawingSteps({ count, steps }: ImageEvaluationSettings): number {
  return Math.ceil(count / DRAWING_BATCH) * steps;
}

/** Settings of a batch of 200 pictures. It has noise of its own, whatever the seed. */
export function batchSettings(
  settings: ImageEvaluationSettings,
  config: ImageConfig,
  pictures: PictureFacts,
  batch: number,
): SampleSettings {
  const { sampler, steps, guidance_scale, eta } = settings;
  const takesEta = hasEta(sampler);
  const key = { seed: settings.seed, stream: "evaluation-batch", step: batch };
  const [seed] = integers(key, 1, 2 ** 31);
  return sampleSettings(
    {
      count: DRAWING_BATCH,
      sampler,
      steps,
      guidance_scale,
      seed: seed!,
      ...(takesEta ? { eta } : {}),
      ...samplingOptions(settings),
    },
    config,
    pictures,
  );
}

/**
 * Draws as many pictures as the settings say.
 *
 * @param denoise For the pictures of one batch.
 * @param options.onStep Called with the steps done over all batches.
 * @throws The signal's reason, once it is aborted.
 */
export async function drawPictures(
  denoise: Denoise,
  settings: ImageEvaluationSettings,
  config: ImageConfig,
  pictures: PictureFacts,
  { onStep, signal }: {
    readonly onStep: (done: number, message: string) => void;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<DrawnPictures> {
  const { count, steps } = settings;
  const length = pictures.height * pictures.width * pictures.channels;
  const images = new Float32Array(count * length);
  const classes: number[] = [];
  let [seconds, networkEvaluations] = [0, 0];
  for (let from = 0, batch = 0; from < count; from += DRAWING_BATCH, batch++) {
    const taken = Math.min(DRAWING_BATCH, count - from);
    const drawn = await drawSample(
      denoise,
      config,
      pictures,
      batchSettings(settings, config, pictures, batch),
      {
        onStep: (step) =>
          onStep(batch * steps + step, `Drawing pictures ${from + 1} to ${from + taken}`),
        ...(signal ? { signal } : {}),
      },
    );
    images.set(drawn.pixels.images.subarray(0, taken * length), from * length);
    classes.push(...drawn.pixels.labels.subarray(0, taken));
    seconds += drawn.seconds;
    networkEvaluations = drawn.networkEvaluations;
  }
  return { images, classes, seconds, networkEvaluations };
}
