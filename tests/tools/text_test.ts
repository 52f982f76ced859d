/** An assistant's work on text, over MCP. */
import assert from "node:assert/strict";
import { type Caller, currentClient, textOf } from "./clients.ts";
import { withLaboratory } from "./laboratory.ts";

const SHORT = {
  dataset: "made-up-verse",
  steps: 20,
  batch_size: 8,
  learning_rate: 5e-3,
  validate_every: 20,
  checkpoint_every: 20,
};

async function call(caller: Caller, name: string, request: Record<string, unknown>) {
  const answer = await caller.call(name, request);
  assert.ok(!answer.isError, textOf(answer));
  return answer;
}

Deno.test("text is trained, written, inspected, compared and refused like images", () =>
  withLaboratory(async ({ url }) => {
    const caller = await currentClient("modern", { url: `${url}/mcp` });
    const trained = await call(caller, "train", {
      preset: "shakespeare-tiny",
      overrides: SHORT,
      grid: { method: ["autoregressive", "diffusion"] },
      wait_seconds: 50,
    });
    assert.match(textOf(trained), /nats_per_character/);
    await call(caller, "inspect-run", { sweep: "sweep-0001", wait_seconds: 50 });

    const inspected = await call(caller, "inspect-run", { run: "text-0002" });
    const { run, summary } = inspected.structuredContent as {
      run: {
        nats_per_character: number;
        trivial_mse: number;
        baselines: { uniform: number; ngrams: number[] };
        curves: Record<string, unknown>;
      };
      summary: string;
    };
    assert.ok(run.nats_per_character > run.trivial_mse);
    assert.ok("nats_per_character" in run.curves);
    assert.equal(run.baselines.ngrams[1], run.trivial_mse);
    assert.ok(run.baselines.uniform > run.baselines.ngrams[0]!);
    assert.match(summary, /its nats per character is [\d.]+, \d+ % of what a bigram model needs/);

    const compared = await call(caller, "compare-runs", { sweep: "sweep-0001" });
    const { metric, leaderboard, baselines } = compared.structuredContent as {
      metric: string;
      baselines: typeof run.baselines;
      leaderboard: { score: number }[];
    };
    assert.equal(metric, "nats_per_character");
    assert.deepEqual(baselines, run.baselines);
    assert.ok(leaderboard[0]!.score <= leaderboard[1]!.score);

    const written = await call(caller, "sample", {
      run: "text-0002",
      template: "the ____ of the ___",
      count: 1,
      steps: 4,
      film_strip: true,
    });
    assert.match(textOf(written), /--- 1 ---\nthe .{4} of the .{3}\n/);
    assert.match(textOf(written), /-log SNR {3}5\.0, from 0, sure +\d+ %: /);
    assert.match(textOf(written), /\| Words found in the training text \(share\) \|/);

    const refused = await caller.call("sample", { run: "text-0001", guidance_scale: 2 });
    assert.ok(refused.isError);
    assert.match(textOf(refused), /text-0001 is a run on text, which takes no guidance_scale/);
    const mixed = await caller.call("evaluate", { run: "text-0001", guidance_scale: 2 });
    assert.match(textOf(mixed), /text-0001 is a run on text, which takes no guidance_scale: leave/);
    const measured = await call(caller, "evaluate", { run: "text-0001", count: 2, draws: 2 });
    const { evaluation } = measured.structuredContent as {
      evaluation: {
        bounds: { nats: number; standard_error: number }[];
        baselines: { uniform: number; ngrams: number[] };
        statistics: Record<string, Record<"written" | "real" | "real_sd" | "five_gram", number>>;
      };
    };
    assert.match(
      textOf(measured),
      /text-0001 at training step 20 needs .* left to right \(nats per character .* bigram model/,
    );
    assert.match(textOf(measured), /\| without a network \| uniform \| 1-gram \| .* \| 6-gram \|/);
    assert.equal(evaluation.bounds.length, 1);
    assert.equal(evaluation.baselines.ngrams[1], run.trivial_mse);
    assert.ok(evaluation.baselines.ngrams[4]! < evaluation.statistics.ngramNats!.written!);
    const again = await call(caller, "compare-runs", { sweep: "sweep-0001" });
    const { evaluations } = again.structuredContent as {
      evaluations: { modality: string; nats: Record<string, number> }[];
    };
    assert.deepEqual(evaluations.map(({ nats }) => nats), [{ 1: evaluation.bounds[0]!.nats }]);
    assert.match(textOf(again), /\| text-0001-evaluation-001 \| 20 \|/);
    await caller.close();
  }));
