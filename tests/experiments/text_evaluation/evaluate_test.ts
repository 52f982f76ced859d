/** Runs on text as evaluate() measures them. */
import {
  type JobRequest,
  type Lab,
  openLab,
  resolveConfig,
  textConfigOf,
  type TextEvaluation,
} from "../../../experiments/mod.ts";
import assert from "node:assert/strict";
import { loadTextDataset } from "../../../data/mod.ts";
import { comparableEvaluations } from "../../../experiments/report/compare.ts";
import { boundsOf } from "../../../experiments/text/evaluation_job.ts";
import { textEvaluationSettings } from "../../../experiments/text/settings.ts";
import { fitNgrams } from "../../../models/text/mod.ts";
import { withTrainedLab } from "../workspace.ts";
import type { TextConfig } from "../../../experiments/text/config.ts";

const RUN = "text-0001";

function configOf(overrides: object): TextConfig {
  const config = resolveConfig("shakespeare-tiny", {
    dataset: "made-up-verse",
    steps: 30,
    warmup_steps: 3,
    batch_size: 8,
    learning_rate: 5e-3,
    validate_every: 30,
    checkpoint_every: 30,
    ...overrides,
  });
  return textConfigOf({ id: "test", config });
}

async function evaluate(lab: Lab, request: JobRequest): Promise<TextEvaluation> {
  const evaluation = await lab.evaluate(request);
  assert.equal(evaluation.modality, "text");
  return evaluation as TextEvaluation;
}

/** The bound of whole blocks of a size. */
function boundAt({ results }: TextEvaluation, size: number, walk: number | null = null) {
  const bound = results.bounds.find(({ blockSize, steps }) => blockSize === size && steps === walk);
  assert.ok(bound, `nothing at blocks of ${size} and ${walk} steps`);
  return bound;
}

Deno.test("evaluate() of text: numbers that are known in another way, kept with the run", () =>
  withTrainedLab(async (lab) => {
    const { latest, datasetHash, baseline } = lab.run(RUN);
    // As many windows as validation, which are then the same.
    const measured = await evaluate(lab, {
      run: RUN,
      count: 6,
      length: 70,
      block_size: 8,
      steps: 4,
      draws: 12,
      bound_steps: [4, 16, 64],
    });
    const { bounds, baselines, texts } = measured.results;

    assert.deepEqual(
      bounds.map(({ blockSize, steps }) => [blockSize, steps]),
      [[1, null], [4, null]].concat(
        [8, 16, 32].flatMap((size) => [
          [size, null],
          ...(size === 16 ? [] : [4, 16, 64].map((steps) => [size, steps])),
        ]),
      ),
    );
    assert.equal(boundAt(measured, 1).total, latest.nats_block_1);
    assert.equal(boundAt(measured, 1).standardError, latest.nats_block_1_error);
    assert.equal(measured.step, 30);
    for (const [size, name] of [[4, "nats_block_4"], [32, "nats_block_full"]] as const) {
      const { total, standardError } = boundAt(measured, size);
      const error = Math.hypot(standardError, latest[`${name}_error`]!);
      assert.ok(total !== latest[name], "the noise is that of validation");
      assert.ok(
        Math.abs(total - latest[name]!) < 4 * error,
        `${total}, ${latest[name]} ± ${error}`,
      );
    }
    for (const size of [8, 32]) {
      const of = [4, 16, 64, null].map((steps) => boundAt(measured, size, steps));
      of.forEach(({ total, reconstruction, diffusion, prior, draws }, i) => {
        assert.ok(Math.abs(reconstruction + diffusion + prior - total) < 1e-9);
        assert.equal(draws, 12);
        assert.equal(prior, of[0]!.prior);
        // The same windows with the same noise: one walk's reconstruction is the other's.
        assert.equal(reconstruction, of[0]!.reconstruction);
        assert.ok(i === 0 || diffusion < of[i - 1]!.diffusion, `${i}: ${JSON.stringify(of)}`);
      });
    }

    const dataset = await loadTextDataset("made-up-verse", { context: 32 });
    const vocabularySize = dataset.vocabulary.size;
    assert.equal(measured.datasetHash, datasetHash);
    assert.equal(baselines.uniform, Math.log(vocabularySize));
    assert.equal(baselines.ngrams.length, 6);
    assert.equal(baselines.ngrams[1], baseline);
    assert.deepEqual(lab.inspect(RUN).baselines, baselines);
    const trigrams = fitNgrams(dataset.train, { order: 3, vocabularySize });
    assert.equal(baselines.ngrams[2], trigrams.crossEntropies(dataset.validation)[2]);

    assert.deepEqual([texts.written.samples, texts.written.characters, texts.sets], [6, 420, 8]);
    assert.equal(texts.texts.length, 3);
    const { longestCopyText } = texts.written;
    assert.ok(dataset.vocabulary.decode(dataset.train).includes(longestCopyText));
    assert.ok(texts.texts.every((text) => [...text].length === 70));
    assert.ok(texts.real!.ngramNats!.sd > 0 && texts.real!.ngramNats!.sd < 0.5);
    assert.ok(
      texts.written.ngramNats > texts.real!.ngramNats!.mean + 3 * texts.real!.ngramNats!.sd,
    );
    assert.ok(texts.real!.knownWords!.mean > 0.95);
    // A character's own reading of held-out text is what block size 1 measures, but for its windows.
    const own = texts.ownNats!.real!;
    assert.ok(Math.abs(own.mean - boundAt(measured, 1).total) < 0.2, `${own.mean}`);
    assert.equal(measured.networkEvaluations, 9 * (4 + 1));

    const again = openLab({ workspace: lab.workspace, device: "cpu" });
    assert.deepEqual(again.evaluations(RUN), [measured]);
    assert.deepEqual(again.inspect(RUN).evaluations, [measured]);
    again.close();

    await assert.rejects(lab.evaluate({ run: RUN, guidance_scale: 2, eta: 1 }), {
      name: "UserError",
      message:
        "text-0001 is a run on text, and guidance_scale, eta are for runs on images: leave them out",
    });
    // What only the process can know.
    await assert.rejects(lab.evaluate({ run: RUN, count: 2, mode: "diffusion", length: 33 }), {
      name: "UserError",
      message:
        /^length is 33, but the run writes at most 32 characters at once: use length 1 to 32, /,
    });
    assert.equal(lab.evaluations(RUN).length, 1);
  }, [configOf({ method: "blocks" })]));

const METHODS = ["masked", "diffusion", "autoregressive"] as const;

Deno.test("a run of every method is evaluated, and what it cannot read is not measured", () =>
  withTrainedLab(async (lab) => {
    for (const [i, method] of METHODS.entries()) {
      const request = { run: `text-000${i + 1}`, count: 2, length: 12, draws: 2 };
      const { results } = await evaluate(lab, request);
      assert.equal(results.texts.ownNats === null, method !== "autoregressive", method);
      assert.ok(results.bounds.length > 0 && results.texts.written !== null, method);
    }
  }, METHODS.map((method) => configOf({ method, steps: 4 }))));

Deno.test("text: what cannot be measured is refused with the value and the range", () => {
  const refusals: [overrides: object, request: Omit<JobRequest, "run">, message: RegExp][] = [
    [{}, { draws: 1 }, /draws is 1, but must be a whole number from 2 to 200/],
    [{}, { count: 1000 }, /count is 1000, but must be a whole number from 2 to 256/],
    [{}, { bound_steps: [0] }, /bound_steps\[0\] is 0, but must be a whole number from 1 to 1000/],
    [
      {},
      { bound_steps: [1, 2, 3, 4, 5, 6, 7] },
      /bound_steps is \[1,.*\], but must be a list of 1 to 6 values/,
    ],
    [
      {},
      { mode: "infill" as "blocks" },
      /mode is "infill", but must be one of diffusion, blocks, autoregressive, guided, revised/,
    ],
    [{}, { temperature: 9 }, /temperature is 9, but must be a number from 0 to 5/],
    [
      { method: "autoregressive" },
      { bound_steps: [16] },
      /bound_steps is \[16\], but the run has an autoregressive head only/,
    ],
  ];
  for (const [overrides, request, message] of refusals) {
    assert.throws(
      () => textEvaluationSettings(request, configOf(overrides)),
      (error: Error) => error.name === "UserError" && message.test(error.message),
      String(message),
    );
  }
});

Deno.test("text: other numbers of texts, seeds and ways of writing are told apart in a comparison", () => {
  const of = (writing: object) => ({
    modality: "text",
    datasetHash: "",
    settings: {
      draws: 24,
      writing: { count: 32, length: 32, seed: 0, temperature: 1, ...writing },
    },
  } as TextEvaluation);
  const told = (writing: object) => comparableEvaluations([[of({})], [of(writing)]]).cautions;
  assert.deepEqual(told({}), []);
  assert.match(told({ count: 16 }).join(), /^The evaluations differ in the number or length of th/);
  assert.match(told({ seed: 1 }).join(), /^The evaluations differ in draws or seed/);
  assert.match(told({ temperature: 0 }).join(), /^The evaluations differ in how the texts were/);
});

Deno.test("each kind of run has the bounds that it learnt, and walks of what it writes with", () => {
  const of = (overrides: object, request: Omit<JobRequest, "run"> = {}) => {
    const config = configOf(overrides);
    return boundsOf(config, textEvaluationSettings(request, config))
      .map(({ blockSize, steps }) => steps === null ? `${blockSize}` : `${blockSize}/${steps}`)
      .join(" ");
  };
  assert.equal(of({ method: "autoregressive" }), "1");
  assert.equal(of({ method: "diffusion" }), "32 32/16 32/64");
  assert.equal(of({ method: "masked" }), "32 32/16 32/64");
  assert.equal(of({ method: "diffusion" }, { steps: 8, bound_steps: [8] }), "32 32/8");
  assert.equal(of({ method: "diffusion" }, { steps: 8 }), "32 32/8 32/16 32/64");
  assert.equal(of({ method: "blocks" }), "1 4 16 16/16 16/64 32 32/16 32/64");
  assert.equal(of({ method: "blocks", block_size: 8 }, { bound_steps: [4] }), "1 8 8/4");
  assert.equal(
    of({ method: "blocks" }, { block_size: 2, bound_steps: [4] }),
    "1 2 2/4 4 16 32 32/4",
  );
});
