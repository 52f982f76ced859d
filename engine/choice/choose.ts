/** Choosing a device by measuring the work that it is wanted for. */
import type { Arrays, Engine, GraphRuntime, TracedProgram } from "../types.ts";
import {
  type DeviceChoice,
  type DeviceMeasurement,
  firstLine,
  measureInProcess,
  MEASURING_PROGRAM,
  noiseFor,
  relativeDifference,
  timeRuns,
  type Workload,
} from "./measure.ts";
import { openCompiledEngine } from "../compiled.ts";
import { openEngine } from "../device.ts";
import { cudaTrouble } from "../kernels/cuda.ts";
import { kernelRuntime } from "../kernels/runtime.ts";
import { webGpuTrouble } from "../kernels/webgpu.ts";

export interface ChoiceOptions {
  readonly candidates?: readonly Candidate[];
  /** For one device, from its start to its answer; only devices in a process of their own have one. */
  readonly timeLimitSeconds?: number;
  /** No other device is measured where the first needs less than this for all of the work. */
  readonly worthSeconds?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called before a device is measured. */
  onMeasure?(device: Engine["device"]): void;
}

/** Measuring another device takes about this long. */
const WORTH = 5;
const TIME_LIMIT = 60;

/**
 * How far a device's results may be from those of the first one, as a fraction: enough for sums in
 * another order and for products in TF32. What a wrong kernel computes is far beyond it.
 */
const TOLERANCE = 0.02;

/**
 * Opens the device on which the work is done soonest: it times a few runs of the program itself on
 * each device that qualifies. Where only one qualifies, nothing is measured.
 *
 * A device that fails, gives wrong results, or no answer in time is left out, with its reason.
 *
 * @throws What the work throws on every device, or the signal's reason.
 */
export async function chooseEngine(
  workload: Workload,
  options: ChoiceOptions = {},
): Promise<{ engine: Engine; choice: DeviceChoice }> {
  const { candidates = CANDIDATES } = options;
  const found = new Map<Candidate, Finding>();
  for (const candidate of candidates) {
    const trouble = await candidate.trouble();
    if (trouble !== undefined) found.set(candidate, { trouble });
  }
  const qualified = candidates.filter((candidate) => !found.has(candidate));
  if (qualified.length > 1) await measureAll(qualified, workload, options, found);
  const order = qualified
    .filter((candidate) => found.get(candidate)?.trouble === undefined)
    .sort((a, b) => timeOf(found.get(a)) - timeOf(found.get(b)));
  for (const candidate of order) {
    const engine = await candidate.open().catch((error) => {
      found.set(candidate, { trouble: firstLine(error), error });
    });
    if (!engine) continue;
    const measured = candidates.map((candidate) => measurement(candidate, found.get(candidate)));
    return {
      engine,
      choice: { device: engine.device, reason: reasonFor(engine.device, measured), measured },
    };
  }
  throw [...found.values()].find(({ error }) => error)?.error ??
    new Error(`No device can be used: ${[...found].map(troubleOf).join("; ")}`);
}

/** The result of checking and measuring a candidate. */
interface Finding {
  readonly milliseconds?: number;
  readonly trouble?: string;
  /** Behind the trouble, where it was thrown in this process. */
  readonly error?: unknown;
  /** The reason why a usable candidate was not measured. */
  readonly passed?: string;
}

async function measureAll(
  candidates: readonly Candidate[],
  workload: Workload,
  options: ChoiceOptions,
  found: Map<Candidate, Finding>,
): Promise<void> {
  const { worthSeconds = WORTH, onMeasure } = options;
  const right: { arrays?: Arrays; outputs?: Arrays } = {};
  for (const [i, candidate] of candidates.entries()) {
    onMeasure?.(candidate.device);
    const finding = await measureOne(candidate, workload, options, right);
    found.set(candidate, finding);
    const seconds = timeOf(finding) * workload.runs / 1000;
    if (i > 0 || seconds >= worthSeconds) continue;
    const passed = `not measured, since ${candidate.device} needs about ${
      seconds.toPrecision(2)
    } s for all of the work`;
    for (const other of candidates.slice(1)) found.set(other, { passed });
    return;
  }
}

async function measureOne(
  candidate: Candidate,
  workload: Workload,
  options: ChoiceOptions,
  right: { arrays?: Arrays; outputs?: Arrays },
): Promise<Finding> {
  try {
    const { milliseconds, difference } = candidate.ownProcess
      ? await measureThere(candidate, candidate.ownProcess, workload, options, right)
      : await measureHere(candidate, workload, right);
    // NaN is not within any tolerance.
    if (difference !== null && !(difference <= TOLERANCE)) {
      return { trouble: `its results differ from the right ones by ${percent(difference)}` };
    }
    return { milliseconds };
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason;
    return { trouble: firstLine(error), error };
  }
}

interface Measured {
  readonly milliseconds: number;
  readonly difference: number | null;
}

/** In this process; the first device measured so tells what is right. */
async function measureHere(
  { open }: Candidate,
  workload: Workload,
  right: { arrays?: Arrays; outputs?: Arrays },
): Promise<Measured> {
  const engine = await open();
  try {
    const program = await workload.compile(engine);
    right.arrays ??= workload.inputs?.() ?? noiseFor(program.inputs);
    const { milliseconds, outputs } = await timeRuns(program, right.arrays);
    right.outputs ??= outputs;
    return { milliseconds, difference: relativeDifference(outputs, right.outputs) };
  } finally {
    await engine.dispose();
  }
}

async function measureThere(
  { device }: Candidate,
  { dialect, entry }: NonNullable<Candidate["ownProcess"]>,
  workload: Workload,
  { timeLimitSeconds = TIME_LIMIT, signal }: ChoiceOptions,
  right: { arrays?: Arrays; outputs?: Arrays },
): Promise<Measured> {
  const programs: TracedProgram[] = [];
  await workload.compile(openTracingEngine({ device, dialect }, (made) => programs.push(made)));
  const [program] = programs;
  if (!program) throw new Error("Internal: the work compiled no program");
  right.arrays ??= workload.inputs?.() ?? noiseFor(program.inputs);
  const result = await measureInProcess(
    { device, program, arrays: right.arrays, right: right.outputs ?? null },
    { entry, timeLimitSeconds, signal },
  );
  if ("trouble" in result) throw new Error(result.trouble);
  return result;
}

function timeOf(finding: Finding | undefined): number {
  return finding?.milliseconds ?? Infinity;
}

function measurement(
  { device }: Candidate,
  { milliseconds, trouble, passed }: Finding = {},
): DeviceMeasurement {
  return { device, milliseconds: milliseconds ?? null, trouble: trouble ?? passed ?? null };
}

function reasonFor(device: string, measured: readonly DeviceMeasurement[]): string {
  const timed = measured.filter(({ milliseconds }) => milliseconds !== null);
  const others = measured.filter(({ trouble }) => trouble !== null)
    .map(({ device, trouble }) => `${device}: ${trouble}`);
  const times = timed.map(({ device, milliseconds }) => `${device} ${duration(milliseconds!)}`);
  const what = timed.length === 0
    ? `${device} is the only device that qualifies`
    : timed.length === 1
    ? `${device} takes ${duration(timed[0]!.milliseconds!)} a run`
    : `${device} is the fastest for this program: ${times.join(", ")} a run`;
  return others.length === 0 ? what : `${what} (${others.join("; ")})`;
}

function duration(milliseconds: number): string {
  return `${milliseconds < 10 ? milliseconds.toPrecision(2) : Math.round(milliseconds)} ms`;
}

function percent(fraction: number): string {
  return Number.isFinite(fraction)
    ? `${(100 * fraction).toPrecision(2)} %`
    : "more than can be said";
}

function troubleOf([{ device }, { trouble }]: [Candidate, Finding]): string {
  return `${device}: ${trouble}`;
}

/** A device that may be chosen. */
export interface Candidate {
  readonly device: Engine["device"];
  /** Why it cannot be used on this machine; undefined if it is worth measuring. It is asked often,
   * so it looks for what is there and computes nothing. */
  trouble(): Promise<string | undefined>;
  open(): Promise<Engine>;
  /**
   * How it is measured in a process of its own, so that a driver that hangs or crashes takes no more
   * than that process down. A candidate without it is measured in this process.
   */
  readonly ownProcess?: {
    /** In which dialect programs are traced for it. */
    readonly dialect: GraphRuntime["dialect"];
    /** The program of that process. */
    readonly entry: URL;
  };
}

/** In the order in which they are measured: the first is the one that others are checked against. */
export const CANDIDATES: readonly Candidate[] = [
  {
    device: "cpu",
    trouble: () => Promise.resolve(undefined),
    open: () => openEngine({ device: "cpu" }),
  },
  accelerator("cuda", () => Promise.resolve(cudaTrouble())),
  accelerator("webgpu", webGpuTrouble),
];

function accelerator(device: "cuda" | "webgpu", trouble: Candidate["trouble"]): Candidate {
  const { dialect } = kernelRuntime(device);
  const ownProcess = { dialect, entry: MEASURING_PROGRAM };
  return { device, trouble, open: () => openEngine({ device }), ownProcess };
}

/**
 * Opens an engine that traces functions as the runtime's own engine would.
 *
 * @param onProgram Called with each program that is compiled.
 */
export function openTracingEngine(
  runtime: Pick<GraphRuntime, "device" | "dialect">,
  onProgram: (program: TracedProgram) => void,
): Engine {
  return openCompiledEngine({
    ...runtime,
    description: `The graphs of programs for ${runtime.device}, which are not run`,
    divides: false,
    open(program) {
      onProgram(program);
      return Promise.resolve({
        run: () => Promise.reject(new Error("A tracing engine runs no programs")),
        dispose: () => Promise.resolve(),
      });
    },
  });
}
