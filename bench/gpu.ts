/**
 * Training steps on a GPU by our kernels, through CUDA and through WebGPU, beside the CPU and beside
 * PyTorch on the same card: eager, and compiled with the whole step as one CUDA graph.
 *
 * A step is forward, backward, clipping and AdamW, with all state on the device; it is not waited for
 * between steps. Devices and peers that are not there are named with the reason. The last line is
 * JSON. `--rehearse` takes the smallest batches and one step, to try it on a software adapter;
 * `--devices cuda,webgpu` names the devices.
 */
import { parseArgs } from "node:util";
import {
  CONTROL_SIGNATURE,
  controlArrays,
  type Engine,
  flatLayout,
  flatten,
  openEngine,
  stateSignature,
  updateFunction,
} from "../engine/mod.ts";
import { initialParameters } from "../models/layers/mod.ts";
import { batchSignature } from "../models/steps/mod.ts";
import { ourStep } from "./our_step.ts";
import type { Workload } from "./workload.ts";
import { transformerWorkload, unetWorkload } from "./workloads.ts";

const { values } = parseArgs({
  options: {
    rehearse: { type: "boolean", default: false },
    devices: { type: "string", default: "cuda,webgpu,cpu" },
  },
});
const batches = values.rehearse
  ? [["unet", 1], ["transformer", 1]] as const
  : [["unet", 64], ["unet", 256], ["transformer", 32], ["transformer", 128]] as const;
const STEPS = values.rehearse ? 1 : 30;
const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, gradientClip: 1 };

interface Result {
  readonly workload: string;
  readonly on: string;
  readonly milliseconds?: number;
  /** Until the first step was done. */
  readonly seconds?: number;
  readonly trouble?: string;
}

async function workloadOf(name: "unet" | "transformer", batch: number): Promise<Workload> {
  return name === "unet" ? await unetWorkload(batch) : transformerWorkload(batch);
}

/** Milliseconds of a step whose state stays on the device, and seconds until the first was done. */
async function residentStep(engine: Engine, { specs, step, batch, data }: Workload) {
  const began = performance.now();
  const layout = flatLayout(specs);
  const program = await engine.compileResident!(
    updateFunction(step.apply, layout, { ...ADAM, muon: [] }),
    { ...batchSignature(step, batch), ...CONTROL_SIGNATURE },
    stateSignature(layout),
  );
  const parameters = initialParameters(specs, 0);
  const flat = flatten(layout, (name) => parameters[name]!.data);
  program.write({ parameters: flat, ema: flat });
  const window = new Float32Array(3);
  const rates = { learningRate: 1e-3, muonLearningRate: 0, emaDecay: 0.99 };
  const take = (step: number) =>
    program.enqueue({ ...data, ...controlArrays(ADAM, { ...rates, step }) });
  take(0);
  await program.read({ window });
  const seconds = (performance.now() - began) / 1000;
  const start = performance.now();
  for (let i = 1; i <= STEPS; i++) take(i);
  await program.read({ window });
  const milliseconds = (performance.now() - start) / STEPS;
  await program.dispose();
  if (!window.every(Number.isFinite)) throw new Error(`its results are ${window}`);
  return { milliseconds, seconds };
}

/** The same with the optimiser on the host. */
async function hostStep(engine: Engine, workload: Workload) {
  const began = performance.now();
  const step = await ourStep(engine, workload);
  await step();
  const seconds = (performance.now() - began) / 1000;
  const times: number[] = [];
  for (let i = 0; i < Math.min(STEPS, 7); i++) times.push(await step());
  times.sort((x, y) => x - y);
  return { milliseconds: times[times.length >> 1]!, seconds };
}

async function ours(device: "cuda" | "webgpu" | "cpu"): Promise<Result[]> {
  const results: Result[] = [];
  try {
    const engine = await openEngine({ device });
    console.log(`\n${device}: ${engine.description}`);
    for (const [name, batch] of batches) {
      const workload = await workloadOf(name, batch);
      const measured = await (engine.compileResident ? residentStep : hostStep)(engine, workload)
        .catch(troubleOf);
      results.push({ workload: `${name} ${batch}`, on: device, ...measured });
      print(results.at(-1)!);
    }
    await engine.dispose();
  } catch (error) {
    results.push({ workload: "all", on: device, ...troubleOf(error) });
    print(results.at(-1)!);
  }
  return results;
}

function troubleOf(error: unknown): { trouble: string } {
  return { trouble: (error instanceof Error ? error.message : String(error)).split("\n")[0]! };
}

async function pyTorch(): Promise<Result[]> {
  const script = new URL("./peers/gpu_steps.py", import.meta.url).pathname;
  const { stdout, stderr, success } = await new Deno.Command("python3", {
    args: [script, ...batches.flat().map(String)],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  const lines = text(stdout).split("\n").filter((line) => line.startsWith("{"));
  const results: Result[] = lines.map((line) => {
    const { workload, peer, milliseconds, trouble, card, version } = JSON.parse(line);
    return { workload, on: `PyTorch ${version}, ${peer}, ${card}`, milliseconds, trouble };
  });
  if (!success) {
    const trouble = text(stderr).split("\n").at(-1) ?? "it did not start";
    results.push({ workload: "all", on: "PyTorch", trouble });
  }
  console.log("");
  results.forEach(print);
  return results;
}

function print({ workload, on, milliseconds, seconds, trouble }: Result): void {
  const time = milliseconds === undefined ? trouble : `${milliseconds.toFixed(2)} ms a step`;
  const ready = seconds === undefined ? "" : `, ready in ${seconds.toFixed(1)} s`;
  console.log(`  ${workload} on ${on}: ${time}${ready}`);
}

const results: Result[] = [];
for (const device of values.devices.split(",")) {
  results.push(...await ours(device as "cuda" | "webgpu" | "cpu"));
}
results.push(...await pyTorch());
console.log(JSON.stringify(results));
Deno.exit(0);
