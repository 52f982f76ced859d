/** The kernels of every preset's training step. */
import { compileKernels } from "../../engine/kernels/compile.ts";
import type { Kernel } from "../../engine/kernels/kernel.ts";
import { planLaunches } from "../../engine/kernels/memory.ts";
import { mostInstances, printPtx } from "../../engine/kernels/ptx.ts";
import { KERNEL_DIALECT } from "../../engine/kernels/runtime.ts";
import {
  CONTROL_SIGNATURE,
  flatLayout,
  type Precision,
  stateSignature,
  updateFunction,
} from "../../engine/mod.ts";
import { trace } from "../../engine/trace.ts";
import { batchSignature } from "../../models/steps/mod.ts";
import { openSubject, presets } from "../../experiments/registry/modalities.ts";

/** A kernel, and how many of its text run side by side. */
export interface Entry {
  readonly kernel: Kernel;
  readonly instances: number;
}

/**
 * The kernels of a preset's whole step, its optimiser included, each once. The data is made up; the
 * shapes of networks for pictures are those of the real one, those for text differ in the vocabulary.
 */
export async function entriesOf(
  name: keyof typeof presets,
  precision: Precision = "float32",
): Promise<Entry[]> {
  const { config } = presets[name];
  const dataset = config.modality === "image" ? "made-up-digits" : "made-up-verse";
  const subject = await openSubject({ ...config, dataset } as typeof config, {});
  const layout = flatLayout(subject.parameters);
  const hidden = subject.parameters.filter(({ hidden }) => hidden).map(({ name }) => name);
  const batch = batchSignature(subject.step, config.batch_size);
  const state = stateSignature(layout);
  const fn = updateFunction(subject.step.apply, layout, {
    ...subject.adam,
    weightDecay: config.weight_decay,
    gradientClip: config.gradient_clip,
    ...(subject.treatments ? { treatments: subject.treatments } : {}),
    muon: config.muon_learning_rate > 0 ? hidden : [],
  });
  const inputs = { ...batch, ...CONTROL_SIGNATURE, ...state };
  const graph = trace(fn, inputs, {}, KERNEL_DIALECT);
  const { kernels, commits } = compileKernels(graph, Object.keys(state), precision);
  const entries = new Map<string, Entry>();
  for (const launch of planLaunches([...kernels, ...commits], (kernel) => printPtx(kernel))) {
    const kernel = launch.kernels[0]!;
    const instances = Math.min(launch.kernels.length, mostInstances(kernel));
    entries.set(`${instances} ${launch.text}`, { kernel, instances });
  }
  return [...entries.values()];
}
