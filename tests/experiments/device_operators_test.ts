/** Every graph of ours becomes kernels. */
import assert from "node:assert/strict";
import type { Graph } from "../../engine/graph/value.ts";
import { compileKernels } from "../../engine/kernels/compile.ts";
import { kernelRuntime } from "../../engine/kernels/runtime.ts";
import { compileMuon, type Engine, type Parameters } from "../../engine/mod.ts";
import { loadImageDataset } from "../../data/mod.ts";
import {
  imageConfigOf,
  PRESET_NAMES,
  resolveConfig,
  type RunConfig,
  textConfigOf,
} from "../../experiments/mod.ts";
import { classifierOf, trainClassifier } from "../../experiments/image/classifier.ts";
import { nearestTrainingDistances } from "../../experiments/image/neighbours.ts";
import {
  compileDenoiser,
  compileSampler,
  networkOf as imageNetworkOf,
} from "../../experiments/image/drawing.ts";
import { networkOf as textNetworkOf } from "../../experiments/text/network.ts";
import { openSubject } from "../../experiments/registry/modalities.ts";
import { initialState } from "../../experiments/run/state.ts";
import { classifierNetwork } from "../../models/image_classifier.ts";
import { compileStep } from "../../models/steps/mod.ts";
import { initialParameters } from "../../models/layers/mod.ts";
import type { SampleSettings } from "../../experiments/image/requests.ts";
import { openTracingEngine } from "../../engine/choice/choose.ts";
import { compileReader, compileWriter } from "../../experiments/text/model.ts";

/**
 * Compiles what `work` compiles to kernels, which fails where an operator has none. The programs cannot
 * run, so the work may end with that.
 */
async function compileAll(work: (engine: Engine) => Promise<unknown>): Promise<void> {
  const graphs: Graph[] = [];
  const engine = openTracingEngine(kernelRuntime("webgpu"), ({ graph }) => graphs.push(graph));
  await work(engine).catch((error: Error) => {
    if (error.message !== "A tracing engine runs no programs") throw error;
  });
  assert.ok(graphs.length > 0, "nothing was compiled");
  for (const graph of graphs) assert.ok(compileKernels(graph).kernels.length > 0);
}

/** On data that comes with the program. */
function configOf(preset: string, overrides: object = {}): RunConfig {
  const { modality } = resolveConfig(preset);
  const dataset = modality === "image" ? "made-up-digits" : "made-up-verse";
  return resolveConfig(preset, { dataset, batch_size: 8, ...overrides });
}

async function trainingOf(engine: Engine, config: RunConfig): Promise<void> {
  const subject = await openSubject(config, {});
  const { parameters, ema } = initialState(subject.parameters, 0);
  await compileStep(engine, subject.step, {
    batch: config.batch_size,
    outputs: "mean",
    replicas: 1,
  });
  const hidden = subject.parameters.filter(({ hidden }) => hidden).map(({ name }) => name);
  await compileMuon(engine, parameters, hidden);
  await subject.validation(engine).run(ema);
}

async function drawingOf(engine: Engine, config: RunConfig): Promise<void> {
  const { pictures } = await openSubject(config, {});
  assert.ok(config.modality === "image" && pictures);
  const { height, width, channels, classNames } = pictures;
  const imageConfig = imageConfigOf({ id: "test", config });
  const network = await imageNetworkOf(imageConfig, {
    height,
    width,
    channels,
    classes: classNames.length,
  });
  const ema: Parameters = initialParameters(network.parameters, 0);
  for (const guidance of [{ guidance_scale: 1 }, { guidance_scale: 2, guidance_rescale: 0.7 }]) {
    const settings = { count: 4, ...guidance } as SampleSettings;
    await compileDenoiser(engine, network, imageConfig, settings, ema);
  }
  const settings = { count: 4, sampler: "ddpm", steps: 2, guidance_scale: 1 } as SampleSettings;
  await compileSampler(engine, network, imageConfig, settings);
}

async function writingOf(engine: Engine, config: RunConfig): Promise<void> {
  const network = textNetworkOf(textConfigOf({ id: "test", config }), 30);
  const ema: Parameters = initialParameters(network.parameters, 0);
  const { reader, denoiser, filler } = network;
  if (reader) await compileReader(engine, network, ema, 2);
  if (denoiser || filler) await compileWriter(engine, network, ema, 2, 16);
}

for (const preset of PRESET_NAMES) {
  Deno.test(`${preset}: training, validation and sampling become kernels`, async () => {
    const config = configOf(preset);
    const making = config.modality === "image" ? drawingOf : writingOf;
    await compileAll((engine) => trainingOf(engine, config));
    await compileAll((engine) => making(engine, config));
  });
}

/** What presets do not choose, but configurations may. */
const CHOICES: readonly [preset: string, overrides: object][] = [
  ["mnist-tiny", { network: "dit-4" }],
  ["mnist-tiny", { self_condition: 0.5, weighting: "min-snr" }],
  ["mnist-tiny", { target: "epsilon", schedule: "linear" }],
  ["shakespeare-tiny", { method: "blocks", positions: "none", activation: "silu" }],
  ["shakespeare-tiny", { embedding_norm: "free", rounding: "clean" }],
  ["shakespeare-tiny", { schedule: "adaptive-gamma" }],
];

for (const [preset, overrides] of CHOICES) {
  Deno.test(`${preset} with ${JSON.stringify(overrides)} becomes kernels`, async () => {
    const config = configOf(preset, overrides);
    const making = config.modality === "image" ? drawingOf : writingOf;
    await compileAll((engine) => trainingOf(engine, config));
    await compileAll((engine) => making(engine, config));
  });
}

Deno.test("the classifier and the search for the nearest picture become kernels", async () => {
  const digits = await loadImageDataset("made-up-digits");
  const weights = initialParameters(classifierNetwork(digits).parameters, 0);
  await compileAll((engine) => classifierOf(engine, weights, digits));
  await compileAll((engine) => trainClassifier(engine, digits, { seed: 0, epochs: 1 }));
  const length = digits.height * digits.width * digits.channels;
  const picture = new Float32Array(length);
  await compileAll((engine) => nearestTrainingDistances(engine, digits.train, length, picture));
});
