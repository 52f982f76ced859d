/**
 * Measures rows of the GPU benchmark on one device, in a process of its own that can be ended at any
 * time. Prints one line of JSON for each row as it is done.
 *
 *     gpu_worker.ts DEVICE '{"rounds":30,"steps":50,"size":2048,"seconds":8}' unet:64 digits:64 …
 */
import { openCompiledEngine } from "../engine/compiled.ts";
import { openCuda } from "../engine/kernels/cuda.ts";
import type { KernelProgram } from "../engine/kernels/compile.ts";
import { runtimeOn } from "../engine/kernels/runtime.ts";
import { openWebGpu } from "../engine/kernels/webgpu.ts";
import { type Engine, openEngine } from "../engine/mod.ts";
import { type Effort, measureCeilings, measureRow, rowName, type Work } from "./gpu_rows.ts";
import { costOf } from "./cost.ts";

const [name, effortText, ...rows] = Deno.args as [string, string, ...string[]];
const effort = JSON.parse(effortText) as Effort & { readonly size: number };
const tell = (line: object) => console.log(JSON.stringify(line));
const troubleOf = (error: unknown) => ({
  trouble: error instanceof Error ? error.message.split("\n")[0] : String(error),
});

/** The program that was opened last on a device of kernels. */
let lastProgram: KernelProgram | undefined;

async function open(): Promise<Engine> {
  if (name === "cpu") return await openEngine({ device: "cpu" });
  const gpu = name === "webgpu"
    ? await openWebGpu()
    : openCuda(name === "cuda-tf32" ? "tf32" : "float32");
  return openCompiledEngine(runtimeOn({
    ...gpu,
    open(program) {
      lastProgram = program;
      return gpu.open(program);
    },
  }));
}

const engine = await open().catch((error: unknown) => {
  tell(troubleOf(error));
  Deno.exit(1);
});
tell({ description: engine.description });
for (const text of rows) {
  if (text === "ceilings") {
    if (name !== "cpu") {
      tell({ row: text, ceilings: await measureCeilings(engine, effort.size, effort) });
    }
    continue;
  }
  const [work, count] = text.split(":") as [Work, string];
  const row = { work, count: Number(count) };
  const measured = await measureRow(engine, row, effort).catch(troubleOf);
  tell({ row: rowName(row), ...measured, ...(lastProgram && { cost: costOf(lastProgram) }) });
}
Deno.exit(0);
