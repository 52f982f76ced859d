/**
 * A fixture: a workspace with runs that nobody trained. It is written through the real store; the
 * curves are made-up formulas, and the samples are digits of a real data set under falling noise.
 */
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadImageDataset } from "../../data/mod.ts";
import { DIGITS } from "../../experiments/image/pictures.ts";
import { normals } from "../../engine/mod.ts";
import {
  expandGrid,
  type Lab,
  type MetricName,
  openLab,
  resolveConfig,
  type Run,
  type RunConfig,
  textConfigOf,
} from "../../experiments/mod.ts";
import { keepSample } from "../../experiments/image/drawing.ts";
import { writeSettings } from "../../experiments/text/settings.ts";
import { textReference, type TextStatistics, textStatistics } from "../../models/text/mod.ts";
import { openStore, type Store } from "../../experiments/store/store.ts";
import { holdLock } from "../../experiments/run/processes.ts";
import type { SampleSettings } from "../../experiments/image/requests.ts";
import type { WriteSettings } from "../../experiments/text/requests.ts";
import { vocabularyOf } from "../../data/vocabulary.ts";

const SIZE = 28 * 28;

const TEXT = textConfigOf({ id: "text", config: resolveConfig("shakespeare-blocks") });

export interface ExampleWorkspace extends AsyncDisposable {
  readonly lab: Lab;
  readonly store: Store;
  /** The run that goes on: {@link advance} writes its next metrics, and that its worker lives. */
  readonly runningId: string;
  /** A run on text. */
  readonly textId: string;
  readonly sweepIds: readonly string[];
  advance(toStep: number): void;
  /** The evaluation at work. */
  readonly job: {
    readonly id: string;
    /** @param done Of 1,000. */
    progress(done: number): void;
    finish(): void;
  };
}

/** An empty workspace in a temporary folder, removed in the end. */
export function emptyWorkspace(): { lab: Lab; store: Store } & AsyncDisposable {
  const workspace = mkdtempSync(join(tmpdir(), "textdiffusion-example-"));
  const store = openStore(workspace);
  const lab = openLab({ workspace });
  return {
    lab,
    store,
    async [Symbol.asyncDispose]() {
      lab.close();
      store.close();
      await rm(workspace, { recursive: true, force: true });
    },
  };
}

/** Runs of every status: one with samples and a film strip, a sweep of four, one that still runs. */
export async function exampleWorkspace(): Promise<ExampleWorkspace> {
  const base = emptyWorkspace();
  const { store } = base;
  const worker = store.workers.insert();
  store.workers.begin(worker, Deno.pid);
  const lock = holdLock(store.workspace, worker);
  const digits = await firstDigits();

  const first = start(store, worker, [resolveConfig("demo")], "First light")[0]!;
  train(store, worker, first, 0, 300);
  for (const step of [100, 200, 300]) sample(store, first, digits, step, false);
  sample(store, first, digits, 300, true);
  store.runs.end(first.id, worker, "finished", null);
  store.evaluations.insert(measured(first));

  const configs = expandGrid("mnist-small", { steps: 1000 }, { schedule: ["linear", "cosine"] }, [
    0,
    1,
  ]);
  const sweep = start(store, worker, configs, "Does the schedule matter?");
  for (const run of sweep) {
    train(store, worker, run, 0, 1000);
    sample(store, run, digits, 1000, false);
    store.runs.end(run.id, worker, "finished", null);
    claim(store, worker);
  }
  const failed = start(store, worker, [resolveConfig("mnist-tiny", { learning_rate: 0.5 })])[0]!;
  train(store, worker, failed, 0, 25);
  store.runs.end(failed.id, worker, "failed", "The gradient norm at step 26 is not finite");
  const stopped = start(store, worker, [resolveConfig("mnist-small", { target: "epsilon" })])[0]!;
  train(store, worker, stopped, 0, 400);
  store.runs.end(stopped.id, worker, "stopped", null);
  const running = start(store, worker, [
    resolveConfig("mnist-small", { seed: 3 }),
    resolveConfig("mnist-small", { seed: 4, size: "tiny" }),
  ])[0]!;
  train(store, worker, running, 0, 500);
  sample(store, running, digits, 500, false);

  const textId = writeVerse(store);
  const { job, lock: jobLock } = requestJobs(store, first.id, textId);

  return {
    ...base,
    job,
    textId,
    runningId: running.id,
    sweepIds: sweep.map((run) => run.id),
    advance(toStep) {
      store.workers.heartbeat(worker);
      train(store, worker, running, store.runs.byId(running.id)!.step, toStep);
    },
    async [Symbol.asyncDispose]() {
      lock.release();
      jobLock.release();
      await base[Symbol.asyncDispose]();
    },
  };
}

/** A sample that was made, one that failed, an evaluation at work, and a text that waits. */
function requestJobs(store: Store, runId: string, textId: string) {
  const { jobs } = store;
  const worker = store.workers.insert("jobs");
  store.workers.begin(worker, Deno.pid);
  const lock = holdLock(store.workspace, worker);
  jobs.request({ kind: "sample", runId, input: {} });
  jobs.end(jobs.claim(worker)!.id, worker, {
    status: "finished",
    resultId: `${runId}-sample-004`,
  });
  jobs.request({ kind: "sample", runId, input: { pictures: 123_456 } });
  const marked = "\u2068pictures\u2069 is 123456, but must be a whole number from 0 to 999";
  jobs.end(jobs.claim(worker)!.id, worker, {
    status: "failed",
    error: { marked, mendable: true },
  });
  jobs.request({ kind: "evaluate", runId, input: {} });
  const { id } = jobs.claim(worker)!;
  const message = "Drawing pictures 201 to 400";
  const job = {
    id,
    progress: (done: number) => jobs.setProgress(id, worker, { done, total: 1000, message }),
    finish: () => jobs.end(id, worker, { status: "finished", resultId: `${runId}-evaluation-001` }),
  };
  job.progress(300);
  jobs.request({ kind: "sample", runId: textId, input: {} });
  return { lock, job };
}

/** Made-up numbers of a run's pictures. */
function measured(run: Run) {
  return {
    modality: "image" as const,
    runId: run.id,
    step: 300,
    settings: {
      count: 1000,
      sampler: "ddim" as const,
      steps: 25,
      guidance_scale: 1,
      seed: 0,
      eta: 0,
    },
    results: {
      frechet: { distance: 21.5, distanceSd: 0.6, floor: 13.9, floorSd: 1.9, draws: 5 },
      accuracy: 0.934,
      targetProbability: 0.92,
      classEntropy: 2.29,
      realClassEntropy: 2.3,
      classShares: Array(10).fill(0.1),
      precision: 0.81,
      recall: 0.72,
      real: { precision: 0.9, recall: 0.89 },
      nearestTraining: { median: 9.1, realMedian: 9.4, copies: 0.012 },
    },
    networkEvaluations: 25,
    samplingSeconds: 31,
    measuringSeconds: 9,
    classifier: { dataset: "mnist", accuracy: 0.994, hash: "0".repeat(64) },
    datasetHash: "0".repeat(64),
    configHash: run.configHash,
    codeVersion: "example",
    device: "cpu",
  };
}

/** A run on text that stands still after it has written something. */
function writeVerse(store: Store): string {
  const [id] = store.runs.insert({
    configs: [resolveConfig("shakespeare-blocks")],
    codeVersion: "example",
    label: "Blocks",
    sweep: null,
  }).ids as [string];
  const values = { loss: 3, nats_block_1: 2, nats_block_16: 2.5, nats_per_character: 2.3 };
  store.metrics.insert(
    id,
    [1, 2, 3].flatMap((n) =>
      Object.entries(values).map(([name, value]) => ({
        name: name as MetricName,
        step: 500 * n,
        value: value - 0.1 * n,
      }))
    ),
  );
  const written = "O, for a muse";
  const vocabulary = vocabularyOf(written);
  const reference = textReference({ vocabulary, train: vocabulary.encode(written.repeat(50)) });
  const statistics = textStatistics([written], reference);
  const writing = writeSettings({ count: 1, length: 9, prompt: "O, f", block_size: 9 }, TEXT);
  store.texts.insert({
    runId: id,
    step: 1500,
    settings: writing,
    texts: [written],
    statistics,
    frames: [[5, 0.1, "r eeeee e"], [-4, 0.95, "or a muse"]].map(([gamma, share, text]) => ({
      gamma: Number(gamma),
      start: 4,
      texts: [String(text)],
      confidence: [Array.from(String(text), () => Number(share))],
    })),
    networkEvaluations: 65,
    seconds: 1.5,
    device: "cpu",
  });
  store.evaluations.insert(measuredVerse(id, writing, statistics.samples));
  return id;
}

/** Made-up numbers of a run on text. */
function measuredVerse(runId: string, writing: WriteSettings, written: TextStatistics) {
  const terms = { reconstruction: 0.1, diffusion: 2, prior: 0.1, draws: 24 };
  return {
    modality: "text" as const,
    runId,
    step: 1500,
    settings: { draws: 24, bound_steps: [16], writing },
    results: {
      bounds: [
        { blockSize: 1, steps: null, total: 1.8, standardError: 0.012, ...terms },
        { blockSize: 16, steps: null, total: 2.2, standardError: 0.02, ...terms },
        { blockSize: 16, steps: 16, total: 2.6, standardError: 0.02, ...terms },
      ],
      baselines: { uniform: 2.079, ngrams: [2.05, 1.001] },
      texts: {
        written,
        real: null,
        sets: 8,
        ngrams: written,
        ownNats: { written: 1.4, real: { mean: 1.2, sd: 0.05 } },
        texts: ["O, for a muse"],
      },
    },
    networkEvaluations: 65,
    samplingSeconds: 31,
    measuringSeconds: 9,
    datasetHash: "0".repeat(64),
    configHash: "0".repeat(64),
    codeVersion: "example",
    device: "cpu",
  };
}

/** Queues runs and lets the worker claim the first; more than one make a sweep if they are labelled. */
function start(
  store: Store,
  worker: number,
  configs: readonly RunConfig[],
  label: string | null = null,
): Run[] {
  const { ids } = store.runs.insert({
    configs,
    codeVersion: "example",
    label,
    sweep: configs.length > 1 && label !== null ? { label } : null,
  });
  for (const id of ids) store.events.add("run-queued", id, `${id} is queued`);
  claim(store, worker);
  return ids.map((id) => store.runs.byId(id)!);
}

function claim(store: Store, worker: number): void {
  const run = store.runs.claim(worker, "example");
  if (run === null) return;
  store.runs.setActivity(run.id, worker, "training");
  store.runs.setFacts(run.id, worker, {
    datasetHash: "0".repeat(64),
    device: "cpu",
    deviceChoice: {
      device: "cpu",
      reason: "cpu is the only device that qualifies (webgpu: no adapter)",
      measured: [
        { device: "cpu", milliseconds: null, trouble: null },
        { device: "webgpu", milliseconds: null, trouble: "no adapter" },
      ],
    },
    parameterCount: run.config.size === "small" ? 556_257 : 41_233,
    replicas: 2,
    baseline: 0.268,
  });
  store.events.add("run-started", run.id, `${run.id} started on cpu`);
}

/** Writes the metrics of the steps after `from`, up to and including `to`. */
function train(store: Store, worker: number, run: Run, from: number, to: number): void {
  const { config } = run;
  const noise = normals({ seed: config.seed, stream: `example/${run.id}`, step: from }, 4 * to);
  const floor = (Reflect.get(config, "schedule") === "linear" ? 0.046 : 0.034) +
    0.002 * (config.seed % 3);
  const rows: { name: MetricName; step: number; value: number }[] = [];
  for (let step = from + 1; step <= to; step++) {
    const add = (name: MetricName, value: number) => rows.push({ name, step, value });
    const fall = floor + 0.24 * Math.exp(-step / 40) + 0.03 * Math.exp(-step / 300);
    const jitter = noise[step] ?? 0;
    if (step % config.log_every === 0) {
      add("loss", 2.4 * fall * Math.exp(0.07 * jitter));
      add("gradient_norm", (0.3 + 2 * Math.exp(-step / 60)) * Math.exp(0.2 * jitter));
      add("learning_rate", config.learning_rate * Math.min(1, step / (config.warmup_steps + 1)));
      add("examples_per_second", 182 + 4 * jitter);
    }
    if (step % config.validate_every === 0) {
      add("validation_loss", 2.4 * fall);
      add("denoising_mse", fall);
      [0.04, 0.3, 1.1, 2.6].forEach((share, quarter) =>
        add(`denoising_mse_q${quarter as 0 | 1 | 2 | 3}`, fall * share)
      );
      store.events.add("run-validated", run.id, `${run.id} at step ${step}: ${fall.toFixed(4)}`);
    }
    if (step % config.checkpoint_every === 0) {
      store.checkpoints.insert(run.id, step, `runs/${run.id}/${step}.safetensors`, 6_700_000);
    }
  }
  store.metrics.insert(run.id, rows);
  store.runs.setStep(run.id, worker, to);
}

/** Two of each digit, less noisy the later the training step; a film strip goes from noise to them. */
function sample(store: Store, run: Run, digits: Float32Array[], step: number, film: boolean): void {
  const count = film ? 8 : 20;
  const labels = Int32Array.from({ length: count }, (_, i) => i % 10);
  const clean = concat(Array.from(labels, (label, i) => digits[label + 10 * Math.floor(i / 10)]!));
  const noise = normals({ seed: run.config.seed, stream: "example/sample", step }, count * SIZE);
  const mix = (sigma: number) =>
    clean.map((value, i) => Math.sqrt(1 - sigma ** 2) * value + sigma * noise[i]!);
  const settings: SampleSettings = {
    count,
    sampler: "ddim",
    steps: film ? 50 : 25,
    guidance_scale: film ? 2 : 1,
    classes: Array.from(labels),
    seed: 0,
    eta: 0,
    film_strip: film,
    made_by: film ? "request" : "training",
  };
  const gammas = film ? [8, 5, 3.5, 2.5, 1.5, 0.5, -1, -2.5, -4, -6] : [];
  const frames = gammas.map((gamma, index) => ({
    step: index * 5,
    gamma,
    noisy: mix(Math.sqrt(1 / (1 + Math.exp(-gamma)))),
    denoised: mix(Math.max(0, 0.5 - 0.06 * index)),
  }));
  const images = mix(Math.min(0.9, 25 / step));
  const pixels = { ...DIGITS, count, images, labels, frames };
  const cost = { seconds: 2.4, networkEvaluations: settings.steps };
  keepSample(store, run, { pixels, settings, step, ...cost, device: "cpu" });
}

/** The first two test pictures of each class, in [-1, 1]: class 0 to 9, then 0 to 9 again. */
async function firstDigits(): Promise<Float32Array[]> {
  const { test } = await loadImageDataset("mnist-6k");
  const ofClass = (label: number) =>
    Array.from(test.labels.keys()).filter((index) => test.labels[index] === label).slice(0, 2);
  const indices = Array.from({ length: 10 }, (_, label) => ofClass(label));
  return [0, 1].flatMap((turn) =>
    indices.map((pair) =>
      Float32Array.from(
        test.pixels.subarray(pair[turn]! * SIZE, (pair[turn]! + 1) * SIZE),
        (byte) => byte / 127.5 - 1,
      )
    )
  );
}

function concat(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
