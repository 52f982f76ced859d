/**
 * Pieces of work as an assistant does them, one after the other in one workspace: the calls, what is there in the end,
 * and how many calls and how much of a model's context they may take.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { livingWorker } from "../../experiments/run/processes.ts";
import { openStore } from "../../experiments/store/store.ts";
import type { Lab } from "../../experiments/mod.ts";
import { type Caller, textOf } from "../tools/clients.ts";
import { proposalsIn, tableWith } from "../tools/markdown.ts";

const QUICK = { dataset: "made-up-digits", steps: 12, batch_size: 8, validate_every: 12 };
/** Looks at a training until its end; a slow machine needs a few. */
const PATIENCE = 12;

/** An assistant at one piece of work. */
export class Work {
  readonly #caller: Pick<Caller, "call">;
  calls = 0;
  /** Of texts and pictures, as they are put before a model. */
  bytes = 0;

  constructor(caller: Pick<Caller, "call">) {
    this.#caller = caller;
  }

  async call(tool: string, args: Record<string, unknown> = {}): Promise<string> {
    this.calls++;
    const answer = await this.#caller.call(tool, args);
    this.bytes += answer.bytes ?? JSON.stringify(answer.content).length;
    const text = textOf(answer);
    assert.ok(!answer.isError, `${tool} ${JSON.stringify(args)}: ${text}`);
    const [, next = ""] = /^Next: (.*)$/m.exec(text) ?? [];
    const calls = next.match(/(^|; )[a-z]+(-[a-z]+)* \{/g) ?? [];
    assert.equal(proposalsIn(text).length, calls.length, `a call that is not whole: ${next}`);
    return text;
  }

  /** Waits with inspect-run; the looks after the first are the machine's slowness, not the work. */
  async ended(which: Record<string, string>): Promise<string> {
    for (let looks = 0;; looks++) {
      const { calls, bytes } = this;
      const text = await this.call("inspect-run", { ...which, wait_seconds: 45 });
      if (!/\b(queued|running)\b/.test(text.split("\n")[0]!)) return text;
      assert.ok(looks < PATIENCE, text);
      [this.calls, this.bytes] = [calls, bytes];
    }
  }

  /** Calls a tool that answers with a job, and waits for what it makes. */
  async made(tool: string, args: Record<string, unknown>): Promise<string> {
    const text = await this.call(tool, { ...args, wait_seconds: 45 });
    const job = /^(job-\d+) /.exec(text)?.[1];
    if (job === undefined) return text;
    const { calls } = this;
    const made = await this.ended({ run: job });
    this.calls = calls;
    return made;
  }
}

export interface Piece {
  readonly name: string;
  /** Calls that it takes at most, and bytes of their answers. */
  readonly calls: number;
  readonly bytes: number;
  /**
   * Does the work and asserts the state in the end.
   *
   * @param another Connects a second assistant.
   */
  run(work: Work, lab: Lab, another: () => Promise<Work>): Promise<void>;
}

/** Does a piece of work within its limits. @returns What it took. */
export async function doPiece(
  piece: Piece,
  caller: Pick<Caller, "call">,
  lab: Lab,
  another: () => Promise<Caller>,
): Promise<Pick<Work, "calls" | "bytes">> {
  const work = new Work(caller);
  const others: Caller[] = [];
  try {
    await piece.run(work, lab, async () => {
      const other = await another();
      others.push(other);
      return new Work(other);
    });
  } finally {
    await Promise.all(others.map((other) => other.close()));
  }
  assert.ok(work.calls <= piece.calls, `${work.calls} calls`);
  assert.ok(work.bytes <= piece.bytes, `${work.bytes} bytes`);
  return work;
}

const id = (text: string, kind: string) => new RegExp(`${kind}-\\d+`).exec(text)![0];

/** Each may use what those before it have left. */
export const PIECES: readonly Piece[] = [
  {
    name: "digits and verse out of the pretrained models, in a workspace without runs",
    calls: 3,
    bytes: 60_000,
    async run(work, lab) {
      const offered = proposalsIn(await work.call("inspect-run"));
      const [digits, verse] = ["study/digits", "study/verse"].map((run) =>
        offered.find(({ tool, args }) => tool === "sample" && args.run === run)!.args
      );
      const drawn = await work.made("sample", { ...digits, count: 10, steps: 4 });
      assert.match(drawn, /^10 pictures from study\/digits/m);
      const written = await work.made("sample", { ...verse, count: 2, length: 16, steps: 2 });
      assert.match(written, /^--- 2 ---$/m);
      assert.equal(lab.samples("study/digits").at(-1)!.settings.count, 10);
      assert.equal([...lab.texts("study/verse").at(-1)!.texts[0]!].length, 16);
      assert.equal(lab.runs().total, 0);
    },
  },
  {
    name: "a first run, and a look at what it draws",
    calls: 3,
    bytes: 60_000,
    async run(work, lab) {
      const overrides = { ...QUICK, steps: 60 };
      const run = id(await work.call("train", { preset: "mnist-tiny", overrides }), "image");
      assert.match(await work.ended({ run }), new RegExp(`^${run} is finished`, "m"));
      assert.match(await work.made("sample", { run }), /^20 pictures from/m);
      assert.equal(lab.samples(run).filter(({ settings }) => settings.count === 20).length, 1);
    },
  },
  {
    name: "a long run is watched and stopped",
    calls: 3,
    bytes: 8_000,
    async run(work, lab) {
      const overrides = { ...QUICK, steps: 4000, warmup_steps: 0 };
      const started = await work.call("train", {
        preset: "mnist-tiny",
        overrides,
        wait_seconds: 1,
      });
      const run = id(started, "image");
      await work.call("inspect-run", { run, wait_seconds: 5 });
      await work.call("stop-run", { run, wait_seconds: 50 });
      await lab.watch([run], { timeoutSeconds: 120 });
      assert.equal(lab.run(run).status, "stopped");
    },
  },
  {
    name: "two schedules over three seeds, from the hypothesis to the verdict",
    calls: 6,
    bytes: 90_000,
    async run(work, lab) {
      await work.call("inspect-noise-schedule", { schedules: ["linear", "cosine"] });
      const criterion = {
        metric: "denoising_mse",
        group: { parameters: { schedule: "cosine" } },
        relation: "below",
        against: { parameters: { schedule: "linear" } },
      };
      const title = "Cosine against linear in twelve steps";
      const written = await work.call("write-journal", {
        ...{ title, hypothesis: "Cosine wastes fewer times on noise", criterion },
      });
      const entry = /entry (\d{4}-[a-z-]+)/.exec(written)![1]!;
      const grid = { schedule: ["linear", "cosine"] };
      const started = await work.call("train", {
        ...{ preset: "mnist-tiny", overrides: QUICK, grid, seeds: [0, 1, 2], wait_seconds: 1 },
      });
      const sweep = id(started, "sweep");
      await work.ended({ sweep });
      const compared = await work.call("compare-runs", { sweep });
      const groups = tableWith(compared, "schedule", "seeds", "mean denoising_mse");
      assert.deepEqual(groups.rows.map(({ seeds }) => seeds), ["3", "3"]);
      const verdict = await work.call("write-journal", { id: entry, runs: [sweep] });
      assert.match(verdict, /: (supported|refuted|inconclusive)\./, "it is judged");
      assert.match(verdict, /^## Hypothesis$.*denoising_mse.*^## Results$/ms);
      assert.doesNotMatch(verdict, /^## (Setup|Observations|Reproduce)$/m, "what was just read");
      assert.equal(lab.runs({ sweepId: sweep, status: "finished" }).total, 6);
    },
  },
  {
    name: "why a run on text is bad",
    calls: 2,
    bytes: 8_000,
    async run(work) {
      const overrides = { dataset: "made-up-verse", steps: 8 };
      const started = await work.call("train", {
        ...{ preset: "shakespeare-tiny", overrides, wait_seconds: 1 },
      });
      const report = await work.ended({ run: id(started, "text") });
      assert.match(
        report,
        /^warning: .* not even learnt which character .*; train again with more steps$/m,
      );
    },
  },
  {
    name: "in-painting with the run that has learnt the most",
    calls: 1,
    bytes: 60_000,
    async run(work) {
      const drawn = await work.made("sample", {
        run: "image-0001",
        keep: "left",
        count: 4,
        steps: 4,
      });
      assert.match(drawn, /From held-out pictures \(shown above each\): the left half kept/);
    },
  },
  {
    name: "a run goes on after its process was killed",
    calls: 4,
    bytes: 12_000,
    async run(work, lab) {
      const overrides = { ...QUICK, steps: 100, checkpoint_every: 5 };
      const started = await work.call("train", {
        preset: "mnist-tiny",
        overrides,
        wait_seconds: 0,
      });
      const run = id(started, "image");
      while (lab.run(run).checkpointStep === null) await setTimeout(50);
      const store = openStore(lab.workspace);
      process.kill(livingWorker(store)!.pid!, "SIGKILL");
      store.close();
      assert.match(await work.ended({ run }), /is interrupted .*\n[^]*train \{"resume": "/);
      await work.call("train", { resume: run, wait_seconds: 1 });
      assert.match(await work.ended({ run }), /is finished at step 100 of 100/);
    },
  },
  {
    name: "last week's finding is found",
    calls: 2,
    bytes: 16_000,
    async run(work) {
      const found = await work.call("read-journal", { text: "cosine" });
      const entry = /\d{4}-cosine-against-linear[a-z-]*/.exec(found)![0];
      assert.match(await work.call("read-journal", { id: entry }), /Cosine wastes fewer times/);
    },
  },
  {
    name: "what was seen is written up",
    calls: 2,
    bytes: 16_000,
    async run(work) {
      const seen = { id: "1", observations: "Both draw blots after so few steps." };
      assert.match(await work.call("write-journal", seen), /Both draw blots after so few steps/);
      assert.match(await work.call("read-journal", { id: "1" }), /Both draw blots/);
    },
  },
  {
    name: "two assistants at once",
    calls: 4,
    bytes: 16_000,
    async run(work, lab, another) {
      const other = await another();
      const started = await Promise.all([work, other].map((one, seed) => {
        const overrides = { ...QUICK, seed: 100 + seed };
        return one.call("train", { preset: "mnist-tiny", overrides, wait_seconds: 1 });
      }));
      const runs = started.map((text) => id(text, "image"));
      assert.notEqual(runs[0], runs[1]);
      await Promise.all([work.ended({ run: runs[1]! }), other.ended({ run: runs[0]! })]);
      const list = await work.call("inspect-run", { status: "finished" });
      assert.ok(runs.every((run) => list.includes(run)), list);
      assert.ok(runs.every((run) => lab.run(run).status === "finished"));
    },
  },
];
