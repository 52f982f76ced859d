/** No graph of ours has an operator that the WebGPU provider would send back to the CPU. */
import assert from "node:assert/strict";
import { liveNodes } from "../../engine/graph/order.ts";
import type { Graph, Node } from "../../engine/graph/value.ts";
import { compileMuon, type Engine, openTracingEngine, type Parameters } from "../../engine/mod.ts";
import { onnxRuntime } from "../../engine/onnx/runtime.ts";
import { loadImageDataset } from "../../data/mod.ts";
import {
  PRESET_NAMES,
  resolveConfig,
  type Run,
  type RunConfig,
  type SampleSettings,
} from "../../experiments/mod.ts";
import { classifierOf } from "../../experiments/evaluation/classifier.ts";
import { trainClassifier } from "../../experiments/evaluation/classifier_training.ts";
import { nearestTrainingDistances } from "../../experiments/evaluation/nearest_training.ts";
import { compileChangingDenoiser } from "../../experiments/image/denoiser.ts";
import { networkOf as imageNetworkOf } from "../../experiments/image/network.ts";
import { compileDenoiser } from "../../experiments/sampling/weights.ts";
import { compileReader, compileWriter } from "../../experiments/text/model.ts";
import { networkOf as textNetworkOf } from "../../experiments/text/network.ts";
import { openSubject } from "../../experiments/training/open.ts";
import { initialState } from "../../experiments/training/state.ts";
import { classifierNetwork, initialParameters } from "../../models/image/mod.ts";
import { WEBGPU_OPERATORS } from "../engine/onnx/webgpu_operators.ts";

/** What the provider computes with; WGSL has no integers of 64 bits. */
const ELEMENTS = ["float32", "int32"];

/** The nodes that would run on the CPU, as text. */
function sentBack(graph: Graph): string[] {
  return liveNodes(graph).filter((node) => !staysOnDevice(node)).map(({ op, domain, inputs }) =>
    `${domain && `${domain}.`}${op}(${inputs.map((input) => input?.dtype ?? "-").join(", ")})`
  );
}

function staysOnDevice({ op, domain, inputs }: Node): boolean {
  if (!((domain ? `${domain}.${op}` : op) in WEBGPU_OPERATORS)) return false;
  // Shapes, axes and the like are constants, which are read when the graph is loaded.
  const computed = inputs.filter((input) => input !== null && input.node.op !== "Constant");
  return computed.every((input) =>
    ELEMENTS.includes(input!.dtype) || (input!.dtype === "bool" && ["Cast", "Where"].includes(op))
  );
}

/** What `work` compiles, traced as for WebGPU; the programs cannot run, so it may end with that. */
async function operatorsOf(work: (engine: Engine) => Promise<unknown>): Promise<string[]> {
  const graphs: Graph[] = [];
  const engine = openTracingEngine(onnxRuntime("webgpu"), ({ graph }) => graphs.push(graph));
  await work(engine).catch((error: Error) => {
    if (error.message !== "A tracing engine runs no programs") throw error;
  });
  assert.ok(graphs.length > 0, "nothing was compiled");
  return [...new Set(graphs.flatMap(sentBack))];
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
  await subject.compile(engine, 1);
  await compileMuon(engine, parameters, Object.keys(parameters).filter(subject.isHidden));
  await subject.validation(engine).run(ema);
}

async function drawingOf(engine: Engine, config: RunConfig): Promise<void> {
  const { pictures } = await openSubject(config, {});
  assert.ok(config.modality === "image" && pictures);
  const { height, width, channels, classNames } = pictures;
  const run = { id: "test", config, pictures } as unknown as Run;
  const network = imageNetworkOf(config, { height, width, channels, classes: classNames.length });
  const ema: Parameters = initialParameters(network.parameters, 0);
  for (const guidance of [{ guidance_scale: 1 }, { guidance_scale: 2, guidance_rescale: 0.7 }]) {
    const settings = { count: 4, ...guidance } as SampleSettings;
    await compileDenoiser(engine, network, run, settings, ema);
  }
  await compileChangingDenoiser(engine, network, config, pictures, 4);
}

async function writingOf(engine: Engine, config: RunConfig): Promise<void> {
  assert.ok(config.modality === "text");
  const network = textNetworkOf(config, 30);
  const ema: Parameters = initialParameters(network.parameters, 0);
  const { clean, noisy, masked } = network.options;
  if (clean) await compileReader(engine, network, ema, 2);
  if (noisy || masked) await compileWriter(engine, network, ema, 2, 16);
}

for (const preset of PRESET_NAMES) {
  Deno.test(`${preset}: training, validation and sampling stay on the device`, async () => {
    const config = configOf(preset);
    const making = config.modality === "image" ? drawingOf : writingOf;
    assert.deepEqual(await operatorsOf((engine) => trainingOf(engine, config)), []);
    assert.deepEqual(await operatorsOf((engine) => making(engine, config)), []);
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
  Deno.test(`${preset} with ${JSON.stringify(overrides)} stays on the device`, async () => {
    const config = configOf(preset, overrides);
    const making = config.modality === "image" ? drawingOf : writingOf;
    assert.deepEqual(await operatorsOf((engine) => trainingOf(engine, config)), []);
    assert.deepEqual(await operatorsOf((engine) => making(engine, config)), []);
  });
}

Deno.test("the classifier and the search for the nearest picture stay on the device", async () => {
  const digits = await loadImageDataset("made-up-digits");
  const weights = initialParameters(classifierNetwork(digits).parameters, 0);
  assert.deepEqual(await operatorsOf((engine) => classifierOf(engine, weights, digits)), []);
  assert.deepEqual(
    await operatorsOf((engine) => trainClassifier(engine, digits, { seed: 0, epochs: 1 })),
    [],
  );
  const length = digits.height * digits.width * digits.channels;
  const picture = new Float32Array(length);
  // The numbers of the nearest pictures, a few dozen integers, are ArgMin's, of 64 bits.
  assert.deepEqual(
    await operatorsOf((engine) => nearestTrainingDistances(engine, digits.train, length, picture)),
    ["Cast(int64)"],
  );
});
