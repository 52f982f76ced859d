/**
 * Training steps and sampling on a GPU by our kernels, through CUDA and through WebGPU, beside the CPU
 * and beside PyTorch on the same card: eager, compiled, and compiled with the whole step, or the whole
 * sampling loop, as one CUDA graph.
 *
 *     deno task bench:gpu                        on a machine with a card, in less than four minutes
 *     deno task bench:gpu --results DIR          writes the tables there (by default into bench/results)
 *     deno task bench:gpu --rehearse             every kind of work once, as small as it can be, on
 *                                                whatever adapter there is; nothing is written
 *
 * A training step is forward, backward, clipping and AdamW, with all state on the device; nothing is
 * waited for between steps. Digits are drawn in 50 guided DDIM steps. Every device and peer has a share
 * of `--seconds` (230), and every row a share of that: a row that does not fit into it is named, and so
 * is a device or a peer that is not there. `--devices cuda,cuda-tf32,webgpu,cpu,pytorch` names what is
 * measured, `--rounds 30` how often; "cuda-tf32" are the training steps with `precision` tf32, all else
 * is in float32. The last line is JSON.
 *
 * It needs no network: the packages that main.ts and this file load are enough, and PyTorch where it is
 * to be compared. On a machine with a card that is at hand for a single call, this is the call:
 *
 *     deno task bench:gpu --rehearse --devices cuda,cuda-tf32,webgpu --results OUT
 *     deno task bench:gpu --results OUT
 *     deno task test:ptx --no-check -- --card
 *     deno task test:webgpu --no-check
 *
 * First it is known within a minute whether every kind of program compiles and runs on the card, and if
 * not, why. Then follow the times, and then the parity of both devices with the CPU: of every operator,
 * of a training step of every network, of sampling loops, and of products in tf32. Every row and every
 * test is printed as it is done, so that a call that is cut off has not been for nothing.
 */
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { runFlags } from "../experiments/run/processes.ts";
import { pyTorchRows, type Reported, rowsOf } from "./gpu_processes.ts";
import { reportOf } from "./gpu_report.ts";
import { isTraining, ROWS, SMALLEST_ROWS } from "./gpu_rows.ts";

const { values } = parseArgs({
  options: {
    rehearse: { type: "boolean", default: false },
    devices: { type: "string", default: "cuda,cuda-tf32,webgpu,cpu,pytorch" },
    rounds: { type: "string" },
    seconds: { type: "string" },
    results: { type: "string" },
  },
});
const { rehearse } = values;
/** A rehearsal may take as long as a processor does for the work of a GPU. */
const SECONDS = Number(values.seconds ?? (rehearse ? 7200 : 230));
const ROUNDS = Number(values.rounds ?? (rehearse ? 1 : 30));
const STEPS = rehearse ? 2 : 50;
const rows = rehearse ? SMALLEST_ROWS : ROWS;
/** Shares of the time. */
const SHARES: Readonly<Record<string, number>> = {
  cuda: 0.18,
  "cuda-tf32": 0.12,
  webgpu: 0.14,
  cpu: 0.08,
  pytorch: 0.46,
};

const began = performance.now();
const reported: Reported[] = [];
for (const device of values.devices.split(",")) {
  const share = SHARES[device];
  if (share === undefined) {
    console.error(`--devices names ${device}, but can name ${Object.keys(SHARES).join(", ")}`);
    Deno.exit(2);
  }
  const seconds = share * SECONDS;
  console.log(`\n${device}, up to ${seconds.toFixed(0)} s`);
  const tell = (row: Reported) => {
    reported.push(row);
    print(row);
  };
  if (device === "pytorch") {
    await pyTorchRows({ rows, rounds: ROUNDS, steps: STEPS, seconds, rehearse }, tell);
    continue;
  }
  // A row may take a quarter of its device's time.
  const effort = {
    rounds: ROUNDS,
    steps: STEPS,
    size: rehearse ? 128 : 2048,
    seconds: seconds / 4,
  };
  const worker = fileURLToPath(new URL("./gpu_worker.ts", import.meta.url));
  const command = [Deno.execPath(), ...runFlags(), worker, device, JSON.stringify(effort)];
  const own = device === "cuda-tf32" ? rows.filter(isTraining) : rows;
  const asked = own.map(({ work, count }) => `${work}:${count}`);
  const all = device === "cpu" ? asked : ["ceilings", ...asked];
  for await (const row of rowsOf(command, all, { seconds, each: effort.seconds })) {
    tell({ ...row, on: device });
  }
}
const minutes = (performance.now() - began) / 60_000;
console.log(`\n${minutes.toFixed(1)} minutes in all`);

function print({ row, on, milliseconds, ready, trouble, description, ceilings }: Reported): void {
  if (description) return console.log(`  ${description}`);
  if (ceilings) {
    const { copy, product } = ceilings;
    return console.log(
      `  ${row}, ${on}: ${(copy / 1e9).toPrecision(3)} GB/s copied, ` +
        `${(product / 1e12).toPrecision(3)} TFLOP/s in products`,
    );
  }
  const time = milliseconds === undefined ? trouble : `${milliseconds.toFixed(2)} ms`;
  const wait = ready === undefined ? "" : `, ready in ${ready.toFixed(1)} s`;
  console.log(`  ${row ? `${row}, ` : ""}${on}: ${time}${wait}`);
}

const { card, text } = reportOf(reported, { rehearse, minutes, command: Deno.args });
console.log(`\n${text}`);
const folder = values.results ??
  (rehearse ? undefined : fileURLToPath(new URL("./results", import.meta.url)));
if (folder) {
  Deno.mkdirSync(folder, { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  const path = join(folder, `${date}-${rehearse ? "rehearsal" : card}.md`);
  Deno.writeTextFileSync(path, text);
  console.log(`Written to ${path}`);
}
console.log(JSON.stringify(reported));
Deno.exit(0);
