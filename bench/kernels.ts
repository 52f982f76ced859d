/**
 * Kernels of a training step of every preset: how many tensors of the step are computed, and how many
 * kernels compute them. Needs no device.
 */
import { compileKernels } from "../engine/kernels/compile.ts";
import { planLaunches, planMemory } from "../engine/kernels/memory.ts";
import { KERNEL_DIALECT } from "../engine/kernels/runtime.ts";
import { printWgsl } from "../engine/kernels/wgsl.ts";
import type { Engine, Program } from "../engine/mod.ts";
import { type Graph, liveNodes } from "../engine/graph/value.ts";
import { trace } from "../engine/trace.ts";
import { openSubject, presets } from "../experiments/registry/modalities.ts";
import { compileStep } from "../models/steps/mod.ts";

/** Operators that only move elements: kernels read through them. */
const MOVEMENTS = ["Reshape", "Transpose", "Expand", "Slice"];

/** An engine that keeps the graph it is asked to compile. */
function tracingEngine(): { engine: Engine; graph: () => Graph } {
  let graph: Graph | undefined;
  return {
    graph: () => graph!,
    engine: {
      device: "webgpu",
      description: "traces only",
      replicasFor: () => 1,
      compile(fn, inputs, { constants = {} } = {}) {
        graph = trace(fn, inputs, constants, KERNEL_DIALECT);
        return Promise.resolve({} as Program);
      },
      dispose: () => Promise.resolve(),
    },
  };
}

const directory = Deno.env.get("TEXTDIFFUSION_DATA");
console.log("| preset | operators | without movements | kernels | launches | MiB | compiled in |");
console.log("|---|---|---|---|---|---|---|");
for (const [name, { config }] of Object.entries(presets)) {
  if (Deno.args.length > 0 && !Deno.args.includes(name)) continue;
  const subject = await openSubject(config, directory ? { directory } : {});
  const { engine, graph } = tracingEngine();
  await compileStep(engine, subject.step, {
    batch: config.batch_size,
    outputs: "mean",
    replicas: 1,
  });
  const nodes = liveNodes(graph());
  const computing = nodes.filter(({ op }) => !MOVEMENTS.includes(op));
  const began = performance.now();
  const { kernels, sources, outputs, parts } = compileKernels(graph());
  const launches = planLaunches(kernels, (kernel) => printWgsl(kernel, () => 0));
  const { banks } = planMemory({
    launches: launches.map(({ kernels }) => kernels),
    lasting: [...sources, ...Object.values(outputs)],
    parts,
  }, 2 ** 29);
  const time = performance.now() - began;
  const mebibytes = banks.reduce((sum, size) => sum + size, 0) / 2 ** 18;
  console.log(
    `| ${name} | ${nodes.length} | ${computing.length} | ${kernels.length} | ${launches.length} | ` +
      `${mebibytes.toFixed(0)} | ${time.toFixed(0)} ms |`,
  );
  if (!Deno.args.includes("--list")) continue;
  for (const { kernels } of launches) console.log(`${kernels.length} × ${kernels[0]!.name}`);
}
