/**
 * What the scripted model does with the laboratory: the README's sweep from its training to the
 * journal, a run that is stopped, a slip of the pen, a run on text, and every kind of resource.
 * Every tool is called.
 */
import type { ToolCall } from "./assistants/mod.ts";
import type { ToolResult } from "./model_apis/mod.ts";

/** A call, and what its answer must tell the model. */
export interface ScriptedCall extends ToolCall {
  readonly says: readonly RegExp[];
  /** Columns of a table in it. */
  readonly columns?: readonly string[];
  readonly picture?: boolean;
  /** Whether it is answered by an error of our own. */
  readonly fails?: boolean;
}

/** Yields the calls of a turn, and is given what the model got for them. */
export type Conversation = Script | AsyncGenerator<readonly ScriptedCall[], void, Results>;
export type Script = Generator<readonly ScriptedCall[], void, Results>;
type Results = readonly (ToolResult | undefined)[];

/** The name of a call that reads a resource instead of calling a tool. */
export const READ_RESOURCE = "read-resource";

/** Which resources an assistant's model can read: only those that are listed, or of any template. */
export type Reading = "none" | "listed" | "all";

export function* everything(reading: Reading): Script {
  yield* sweepTwoSchedules();
  yield* writeVerse();
  if (reading !== "none") yield* readListed();
  if (reading === "all") yield* readUnlisted();
}

/** How often a sweep that is still in training is looked at again. */
const PATIENCE = 10;
const RUNS = ["image-0001", "image-0002", "image-0003", "image-0004"].map((id) => new RegExp(id));

function* sweepTwoSchedules(): Script {
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
    const [looked] = yield [{
      tool: "inspect-run",
      args: { sweep: "sweep-0001", wait_seconds: 45 },
      says: RUNS,
      columns: ["run", "schedule", "seed", "status", "denoising_mse"],
    }];
    if (!/queued|running/.test(looked?.text ?? "")) break;
  }
  yield [{
    tool: "inspect-run",
    args: { run: "latest" },
    says: [/image-0004/, /finished/, /40\/40/, /mnist-tiny|made-up-digits/],
    columns: ["step", "loss", "denoising_mse"],
  }, {
    tool: "compare-runs",
    args: { sweep: "sweep-0001" },
    says: [...RUNS, /schedule=(linear|cosine) leads|None of these runs has learnt/],
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
      // Of over an hour, by the speed of a busy machine, a client would ask the person.
      overrides: { steps: 1500, dataset: "made-up-digits" },
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

/** A run on text, from its training to its likelihood, and a field that only pictures have. */
function* writeVerse(): Script {
  const verse = { preset: "shakespeare-tiny", overrides: { steps: 10, dataset: "made-up-verse" } };
  yield [{
    tool: "train",
    args: { ...verse, wait_seconds: 45 },
    says: [/text-0001/, /finished/],
    columns: ["run", "status", "nats_per_character"],
  }];
  yield [{
    tool: "sample",
    args: { run: "text-0001", count: 2, steps: 4 },
    says: [/text-0001-sample-\d+/, /--- 2 ---/, /textdiffusion:\/\/samples\/text-0001/],
    columns: ["measure", "written"],
  }, {
    tool: "evaluate",
    args: { run: "text-0001", count: 2, draws: 2, steps: 2, bound_steps: [2] },
    says: [/text-0001-evaluation-\d+/, /nats per character/],
    columns: ["blocks of", "nats per character"],
  }];
  yield [{
    tool: "train",
    args: { preset: "shakespeare-tiny", overrides: { target: "v" } },
    says: [/target/, /images/],
    fails: true,
  }];
}

function read(path: string, ...says: RegExp[]): ScriptedCall {
  return { tool: READ_RESOURCE, args: { uri: `textdiffusion://${path}` }, says };
}

/** A resource of each kind that is listed, of runs that were trained before. */
function* readListed(): Script {
  yield [
    read("fields", /learning_rate/, /self_condition/, /embedding_norm/),
    read("sampling-fields", /guidance_rescale/, /bound_steps/),
    read("presets", /mnist-tiny/, /shakespeare-blocks/),
    read("runs", /image-0004/, /text-0001/),
    read("runs/image-0001", /denoising_mse/, /made-up-digits/),
  ];
  yield [
    read("samples/image-0004-sample-001", /image-0004-sample-001|[Ii]mage|PNG|png/),
    read("journal", /cosine-against-linear/),
    read("journal/0001-cosine-against-linear", /Cosine is better/),
  ];
}

/** Resources of templates that list none. */
function* readUnlisted(): Script {
  yield [
    read("runs/image-0001/curves/csv", /step,loss/),
    read("comparisons/sweep-0001", /leaderboard/, /image-0003/),
    read("samples/image-0004-sample-001/json", /guidance_scale/),
    read("journal/0001-cosine-against-linear/json", /hypothesis/),
  ];
}

/** What a person asks for by the name of a prompt, and what the model is then told. */
export const PROMPTS: readonly {
  readonly name: string;
  readonly args: Readonly<Record<string, string>>;
  readonly says: RegExp;
}[] = [
  {
    name: "plan-a-sweep",
    args: { question: "Is cosine better than linear?", minutes: "20" },
    says: /Is cosine better than linear.*Plan a sweep|Plan a sweep.*Is cosine better than linear/,
  },
  { name: "review-runs", args: { runs: "image-0001" }, says: /Review these runs:.*image-0001/ },
  {
    name: "write-up-a-finding",
    args: { runs: "image-0001", claim: "It learns" },
    says: /It learns.*what these runs show:.*image-0001|what these runs show:.*It learns/,
  },
];
