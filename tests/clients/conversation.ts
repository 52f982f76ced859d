/**
 * What the scripted model does with the laboratory: the README's sweep from its training to the
 * journal, a run that is stopped, and a slip of the pen. Every tool is called.
 */
import type { ToolCall } from "./assistants/mod.ts";

/** A call, and what its answer must tell the model. */
export interface ScriptedCall extends ToolCall {
  readonly says: readonly RegExp[];
  /** Columns of a table in it. */
  readonly columns?: readonly string[];
  readonly picture?: boolean;
  /** Whether it is answered by an error of our own. */
  readonly fails?: boolean;
}

/** Yields the calls of a turn, and is given the texts of their answers. */
export type Conversation = Generator<readonly ScriptedCall[], void, readonly string[]>;

/** How often a sweep that is still in training is looked at again. */
const PATIENCE = 10;
const RUNS = ["image-0001", "image-0002", "image-0003", "image-0004"].map((id) => new RegExp(id));

export function* sweepTwoSchedules(): Conversation {
  yield [{
    tool: "train",
    args: {
      preset: "mnist-tiny",
      overrides: { steps: 40, dataset: "made-up-digits" },
      grid: { schedule: ["linear", "cosine"] },
      seeds: [0, 1],
      wait_seconds: 5,
    },
    says: [/sweep-0001/, ...RUNS],
    columns: ["run", "schedule", "seed", "status"],
  }];
  for (let looks = 0; looks < PATIENCE; looks++) {
    const [text] = yield [{
      tool: "inspect-run",
      args: { sweep: "sweep-0001", wait_seconds: 45 },
      says: RUNS,
      columns: ["run", "schedule", "seed", "status", "denoising_mse"],
    }];
    if (!/queued|running/.test(text!)) break;
  }
  yield [{
    tool: "inspect-run",
    args: { run: "latest" },
    says: [/image-0004/, /finished/, /40\/40/, /mnist-tiny|made-up-digits/],
    columns: ["step", "loss", "denoising_mse"],
  }, {
    tool: "compare-runs",
    args: { sweep: "sweep-0001" },
    says: [...RUNS, /schedule=(linear|cosine) leads/],
    columns: ["rank", "run", "schedule", "denoising_mse"],
  }];
  yield [{
    tool: "sample",
    args: { run: "latest", count: 16 },
    says: [/image-0004-sample-\d+/, /textdiffusion:\/\//, /\/image-0004\/.*\.png/],
    picture: true,
  }];
  yield [{
    tool: "evaluate",
    args: { run: "latest", count: 200, steps: 2 },
    says: [/image-0004-evaluation-\d+/, /Fréchet distance/],
    columns: ["evaluation", "frechet", "accuracy"],
  }];
  yield [{
    tool: "inspect-noise-schedule",
    args: { schedules: ["cosine"] },
    says: [/cosine/, /log-SNR/],
    columns: ["schedule"],
    picture: true,
  }];
  yield [{
    tool: "write-journal",
    args: {
      title: "Cosine against linear",
      hypothesis: "Cosine is better",
      runs: ["image-0001", "image-0002", "image-0003", "image-0004"],
    },
    says: [/0001-cosine-against-linear/, /Cosine is better/],
    columns: ["run"],
  }];
  yield [{
    tool: "read-journal",
    args: {},
    says: [/0001-cosine-against-linear/, /Tried in \d+ image runs/],
  }];
  yield [{
    tool: "train",
    args: {
      preset: "mnist-tiny",
      overrides: { steps: 100_000, dataset: "made-up-digits" },
      wait_seconds: 0,
    },
    says: [/image-0005/],
  }];
  yield [{
    tool: "stop-run",
    args: { runs: ["image-0005"], wait_seconds: 45 },
    says: [/image-0005/, /stopped|cancelled/],
    columns: ["run", "status"],
  }];
  yield [{
    tool: "inspect-run",
    args: { run: "latest", wait_second: 1 },
    says: [/wait_second\b/, /did you mean wait_seconds/],
    fails: true,
  }];
}
