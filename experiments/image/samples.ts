/** Small sample grids that show how a run comes along. */
import type { Program } from "../../engine/mod.ts";
import type { ImageDataset } from "../../data/mod.ts";
import type { ImageNetwork } from "../../models/image/mod.ts";
import { imageConfigOf } from "../config.ts";
import { denoiseWith, drawSample, keepSample } from "../sampling/draw.ts";
import type { SampleSettings } from "../types.ts";
import { inputArrays } from "../../models/steps/mod.ts";
import type { SamplingContext, TrainingSampler } from "../training/subject.ts";
import { compileChangingDenoiser } from "./denoiser.ts";

const COUNT = 20;

/** The classes in turn, unguided, from the same start at every step and in every run. */
const settingsFor = (classes: number): SampleSettings => ({
  count: COUNT,
  sampler: "ddim",
  steps: 25,
  guidance_scale: 1,
  classes: Array.from({ length: COUNT }, (_, i) => i % classes),
  seed: 0,
  eta: 0,
  film_strip: false,
  made_by: "training",
});

/** The denoiser is compiled at the first sample, with the weights as inputs: they change. */
export function sampleOnTheWay(
  network: ImageNetwork,
  dataset: ImageDataset,
  { engine, store, run, state, signal }: SamplingContext,
): TrainingSampler {
  const config = imageConfigOf(run);
  const settings = settingsFor(dataset.classes);
  let program: Program | undefined;
  return {
    async sample() {
      program ??= await compileChangingDenoiser(engine, network, config, COUNT);
      const denoise = denoiseWith(program, settings, inputArrays(state.ema));
      const drawn = await drawSample(
        denoise,
        config,
        dataset,
        settings,
        signal ? { signal } : {},
      );
      const { step } = state;
      keepSample(store, run, { ...drawn, settings, step, device: engine.device });
    },
  };
}
