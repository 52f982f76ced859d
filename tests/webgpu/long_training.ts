/**
 * Trains a preset for a number of steps on WebGPU, once undisturbed and once stopped and resumed half
 * way, and on the CPU; compares what is left. It takes long on an adapter that is a program.
 *
 *     deno run -A tests/webgpu/long_training.ts shakespeare-tiny 300
 */
import { setTimeout } from "node:timers/promises";
import { decodeSafetensors } from "../../engine/mod.ts";
import { resolveConfig } from "../../experiments/mod.ts";
import { queue, withStore } from "../experiments/workspace.ts";
import { runWorker } from "../../experiments/run_worker.ts";

const [preset = "shakespeare-tiny", steps = "300", ...overrides] = Deno.args;
const config = resolveConfig(preset as "mnist-tiny", {
  steps: Number(steps),
  validate_every: Number(steps),
  ...Object.fromEntries(overrides.map((text) => {
    const [name, value] = text.split("=") as [string, string];
    return [name, Number.isNaN(Number(value)) ? value : Number(value)];
  })),
});

await withStore(async (store) => {
  const work = (device: "webgpu" | "cpu", signal?: AbortSignal) =>
    runWorker({ workspace: store.workspace, device, ...(signal ? { signal } : {}) });
  const began = performance.now();
  const [whole] = queue(store, config) as [string];
  await work("webgpu");
  const { status, error } = store.runs.byId(whole)!;
  if (status !== "finished") throw new Error(`The run is ${status}: ${error}`);
  console.log(`undisturbed: ${((performance.now() - began) / 1000).toFixed(0)} s`);
  const [stopped] = queue(store, config) as [string];
  const abort = new AbortController();
  const working = work("webgpu", abort.signal);
  while (store.runs.byId(stopped)!.step < Number(steps) / 2) await setTimeout(2);
  abort.abort();
  await working;
  console.log(`stopped at step ${store.runs.byId(stopped)!.step}`);
  store.runs.requeue(stopped);
  await work("webgpu");
  const tensorsOf = (id: string) =>
    decodeSafetensors(Deno.readFileSync(store.checkpoints.list(id)[0]!.path)).tensors;
  const [a, b] = [tensorsOf(whole), tensorsOf(stopped)];
  const different = Object.keys(a).filter((name) => {
    const [x, y] = [a[name]!.data, b[name]!.data];
    return x.length !== y.length || x.some((value, i) => !Object.is(value, y[i]));
  });
  console.log(`${Object.keys(a).length} tensors, ${different.length} of them different`);
  const [onCpu] = queue(store, config) as [string];
  await work("cpu");
  const curve = (id: string) => store.metrics.curves(id, ["loss"]).loss!.map(({ value }) => value);
  const cpu = curve(onCpu);
  const off = curve(whole).map((value, i) => Math.abs(value / cpu[i]! - 1));
  console.log(
    `loss on the CPU from ${cpu[0]} to ${cpu.at(-1)}; off by at most ${Math.max(...off)} of it, ` +
      `${off[0]} at first`,
  );
});
Deno.exit(0);
