/** An assistant's work on text, over MCP. */
import assert from "node:assert/strict";
import { type Caller, currentClient, textOf } from "./clients.ts";
import { withLaboratory } from "./laboratory.ts";
import { tableWith } from "./markdown.ts";
import { linksTo } from "../../tools/links.ts";
import { trainAnswer } from "../../tools/train.ts";

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
  return textOf(answer);
}

Deno.test("text is trained, written, inspected, compared and refused like images", () =>
  withLaboratory(async ({ lab, url }) => {
    const caller = await currentClient("modern", { url: `${url}/mcp` });
    const trained = await call(caller, "train", {
      preset: "shakespeare-tiny",
      overrides: SHORT,
      grid: { method: ["autoregressive", "diffusion", "blocks"] },
      wait_seconds: 50,
    });
    assert.match(trained, /nats_per_character/);
    await call(caller, "inspect-run", { sweep: "sweep-0001", wait_seconds: 50 });
    const listed = await call(caller, "inspect-run", { sweep: "sweep-0001" });
    assert.match(listed, /sample|inspect-run/);
    assert.ok(!listed.includes("pictures"), listed);

    const inspected = await call(caller, "inspect-run", { run: "text-0002" });
    assert.match(
      inspected,
      /its nats per character is [\d.]+, \d+ % of what a bigram model needs/,
    );
    assert.match(inspected, /^- Newest values: loss [\d.]+, nats_per_character [\d.]+$/m);
    assert.match(inspected, /^- Speed: [\d.]+ s a step, [\d.]+ windows\/s$/m);
    const nats = Number(/nats_per_character ([\d.]+)$/m.exec(inspected)![1]);
    assert.equal(
      tableWith(inspected, "step", "loss", "nats_per_character").rows.at(-1)!.nats_per_character,
      String(nats),
    );
    const { content } = trainAnswer({ lab, links: linksTo(null) }, [lab.run("text-0002")], null);
    assert.match(JSON.stringify(content), /Next: inspect-run .* for what keeps it from learning/);
    assert.match(
      JSON.stringify(content),
      /Warning: the nats per character of text-0002 is no better than what a bigram/,
    );
    const [baselines] = tableWith(inspected, "baseline", "uniform", "6-gram").rows;
    assert.ok(Number(baselines!.uniform) > Number(baselines!["1-gram"]));
    assert.ok(nats > Number(baselines!["2-gram"]));

    const compared = await call(caller, "compare-runs", { sweep: "sweep-0001" });
    assert.deepEqual(tableWith(compared, "baseline").rows, [baselines]);
    const ranked = tableWith(compared, "rank", "method", "nats_per_character").rows;
    const scores = ranked.map((row) => Number(row.nats_per_character));
    assert.deepEqual(scores, scores.toSorted((x, y) => x - y));
    tableWith(compared, "nats per character in blocks of", "1", "32");
    tableWith(compared, "step", "text-0001", "text-0002", "text-0003");

    const written = await call(caller, "sample", {
      run: "text-0002",
      template: "the ____ of the ___",
      count: 1,
      steps: 4,
      film_strip: true,
    });
    assert.match(written, /--- 1 ---\nthe .{4} of the .{3}\n/);
    assert.match(written, /-log SNR {3}5\.0, 0, +\d+ %: /);
    assert.match(written, /\| Words found in the training text \(share\) \|/);
    const uri = /^Sample: text-0002-sample-001, resource (\S+),/m.exec(written)![1]!;
    assert.match((await caller.read(uri)).text!, /^the .{4} of the .{3}$/);
    const record = JSON.parse((await caller.read(`${uri}/json`)).text!) as { frames: unknown[] };
    assert.equal(record.frames.length, 12, "some of the repeated steps");
    assert.ok((await caller.resourceUris()).includes(uri));

    const film = await call(caller, "sample", {
      run: "text-0003",
      mode: "blocks",
      block_size: 4,
      length: 200,
      film_strip: true,
      count: 1,
      steps: 4,
    });
    assert.match(
      film,
      /--- text 1 while it was written, 20 of \d+ steps \(all in textdiffusion:\S+\): .* ---/,
    );
    assert.ok(film.length < 6000, `a film of ${film.length} characters`);

    const overrides = { ...SHORT, method: "blocks", block_size: 4 };
    await call(caller, "train", { preset: "shakespeare-tiny", overrides, wait_seconds: 50 });
    const whole = { run: "text-0004", mode: "diffusion", count: 1, steps: 2, top_p: 0.5 };
    assert.match(
      await call(caller, "sample", whole),
      /, top_p 0\.5, temperature .* The network was trained in blocks of 4 only, and this is in blocks of 32\./,
    );

    const refused = await caller.call("sample", { run: "text-0001", guidance_scale: 2 });
    assert.ok(refused.isError);
    assert.match(
      textOf(refused),
      /text-0001 is a run on text, and guidance_scale is for runs on images/,
    );
    const mixed = await caller.call("evaluate", { run: "text-0001", guidance_scale: 2 });
    assert.match(
      textOf(mixed),
      /text-0001 is a run on text, and guidance_scale is for runs on images: leave/,
    );
    const measured = await call(caller, "evaluate", { run: "text-0001", count: 2, draws: 2 });
    assert.match(
      measured,
      /text-0001 at training step 20 needs .* left to right \(nats per character .* bigram model/,
    );
    assert.deepEqual(tableWith(measured, "baseline").rows, [baselines]);
    const bounds = tableWith(measured, "blocks of", "steps of ddpm", "nats per character").rows;
    assert.equal(bounds.length, 1);
    const statistics = tableWith(measured, "texts", "written", "held-out text").rows;
    const surprisal = statistics.find((row) => row.texts!.includes("under an n-gram model"))!;
    assert.ok(Number(baselines!["5-gram"]) < Number(surprisal.written));
    const again = await call(caller, "compare-runs", { sweep: "sweep-0001" });
    const [kept] = tableWith(again, "evaluation", "nats left to right").rows;
    assert.equal(kept!.evaluation, "text-0001-evaluation-001");
    assert.equal(kept!["nats left to right"], bounds[0]!["nats per character"]);
    await caller.close();
  }));
