/**
 * Peak memory of whole trainings, their validation, samples and checkpoints included, beside
 * PyTorch's peak for the same training step: the most that a process held at once, as Linux counts it
 * (VmHWM, what `/usr/bin/time -v` calls the maximum resident set size).
 *
 * The last line is JSON: our peak over PyTorch's, smaller is better. `--steps N` sets how many steps
 * are trained, validated and sampled after, and names choose presets.
 */
import { parseArgs } from "node:util";
import { runFlags } from "../experiments/run/processes.ts";
import { openStore } from "../experiments/store/store.ts";
import { startPyTorch } from "./peer.ts";
import "../experiments/registry/modalities.ts";
import { presetNamed } from "../experiments/config/configuration.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: "string", default: "6" },
  },
});
const STEPS = Number(values.steps);
if (Deno.build.os !== "linux") {
  console.error("bench:memory reads /proc, which Linux alone has: measure it there");
  Deno.exit(2);
}

/** Presets, and the network of PyTorch's that is theirs. */
const WORK: Readonly<Record<string, string>> = {
  "mnist-small": "unet",
  "shakespeare-autoregressive": "text-autoregressive",
  "shakespeare-diffusion": "text-diffusion",
};

/** The most memory that a process has held so far, in MiB. */
function peakOf(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024;
}

/** The peak of a worker that trains a preset for a few steps, and looks at it twice. */
async function ourPeak(preset: string): Promise<number> {
  const workspace = await Deno.makeTempDir({ prefix: "textdiffusion-memory-" });
  const store = openStore(workspace);
  try {
    const { config } = presetNamed(preset);
    const often = { validate_every: STEPS / 2, checkpoint_every: STEPS / 2 };
    const sampling = config.sample_every > 0 ? { sample_every: STEPS / 2 } : {};
    const [id] = store.runs.insert({
      configs: [{ ...config, steps: STEPS, ...often, ...sampling }],
      codeVersion: "bench",
      label: null,
      sweep: null,
    }).ids;
    const worker = new URL("../experiments/run_worker.ts", import.meta.url).pathname;
    const directory = Deno.env.get("TEXTDIFFUSION_DATA");
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...[...runFlags(), worker, "--workspace", workspace, "--device", "cpu"],
        ...(directory ? ["--data-directory", directory] : []),
      ],
      stdout: "null",
    }).spawn();
    let ended = false;
    const status = child.status.finally(() => ended = true);
    let peak = 0;
    while (!ended) {
      try {
        peak = Math.max(peak, peakOf(child.pid));
      } catch (error) {
        // It has just ended: there is nothing to read of it.
        if (!(error instanceof Deno.errors.NotFound || error instanceof TypeError)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await status;
    const { status: end, error } = store.runs.byId(id!)!;
    if (end !== "finished") throw new Error(`The training of ${preset} is ${end}: ${error}`);
    return peak;
  } finally {
    store.close();
    await Deno.remove(workspace, { recursive: true });
  }
}

/** The peak of PyTorch's process over a few steps of the same network and batch. */
async function peerPeak(network: string): Promise<number> {
  const peer = await startPyTorch("train_step.py", [
    network,
    String(navigator.hardwareConcurrency),
  ]);
  for (let step = 0; step < STEPS; step++) await peer.turn();
  const peak = peakOf(peer.pid);
  await peer.stop();
  return peak;
}

const ratios: Record<string, number> = {};
console.log("| preset | ours, MiB | PyTorch, MiB | ratio |\n|---|---|---|---|");
for (const [preset, network] of Object.entries(WORK)) {
  if (positionals.length > 0 && !positionals.includes(preset)) continue;
  const [ours, peer] = [await ourPeak(preset), await peerPeak(network)];
  ratios[preset] = Number((ours / peer).toFixed(3));
  console.log(`| ${preset} | ${ours.toFixed(0)} | ${peer.toFixed(0)} | ${ratios[preset]} |`);
}
console.log(JSON.stringify(ratios));
