/** Short texts that show how a run comes along. */
import type { TextDataset } from "../../data/mod.ts";
import { type TextReference, textReference } from "../../models/text/mod.ts";
import type { TextNetwork } from "../../models/text/network/mod.ts";
import type { TextConfig } from "../config.ts";
import type { SamplingContext, TrainingSampler } from "../training/subject.ts";
import type { WriteSettings } from "../types.ts";
import { textModel } from "./model.ts";
import { writeSettings } from "./settings.ts";
import { writeWith } from "./writing.ts";

/** The way of writing that is learned, one window long, from the same noise at every step. */
function settingsFor(config: TextConfig): WriteSettings {
  const request = { count: 2, length: config.context, steps: 24, film_strip: true };
  return {
    ...writeSettings(request, config),
    made_by: "training",
  };
}

/** Compiles anew for every sample: the weights, which are baked in, have changed. */
export function writeOnTheWay(
  network: TextNetwork,
  config: TextConfig,
  dataset: TextDataset,
  { engine, store, run, state }: SamplingContext,
): TrainingSampler {
  const settings = settingsFor(config);
  let reference: TextReference | undefined;
  return {
    async sample() {
      const { step, ema } = state;
      const model = await textModel(engine, network, config, ema, settings.count);
      try {
        const written = await writeWith(
          model,
          settings,
          dataset,
          reference ??= textReference(dataset),
        );
        store.texts.insert({ ...written, runId: run.id, step, device: engine.device });
      } finally {
        await model.dispose();
      }
    },
  };
}
