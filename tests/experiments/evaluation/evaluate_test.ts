import type { JobRequest } from "../../../experiments/mod.ts";
import assert from "node:assert/strict";
import type { ImageEvaluation, Lab } from "../../../experiments/mod.ts";
import { shortConfig, withTrainedLab } from "../workspace.ts";

/** Two runs of the same six steps, which teach nothing. */
function withTwoTrained(work: (lab: Lab) => Promise<void>): Promise<void> {
  return withTrainedLab(work, [shortConfig({ steps: 6 }), shortConfig({ steps: 6, seed: 1 })]);
}

async function evaluate(
  lab: Lab,
  request: JobRequest,
  onDone: (share: number) => void = () => {},
): Promise<ImageEvaluation> {
  const evaluation = await lab.evaluate(request, {
    onProgress: ({ done, total }) => onDone(done / total),
    everySeconds: 0,
  });
  assert.equal(evaluation.modality, "image");
  return evaluation as ImageEvaluation;
}

Deno.test("evaluate() measures a run that learnt nothing far from the floor, and keeps what made the numbers", () =>
  withTwoTrained(async (lab) => {
    const progress: number[] = [];
    const request = { run: "image-0001", count: 210, steps: 3, seed: 4 } as const;
    const evaluation = await evaluate(lab, request, (done) => progress.push(done));
    const { results, settings } = evaluation;
    assert.ok(results.frechet.distance > 10 * results.frechet.floor, JSON.stringify(results));
    assert.ok(results.frechet.floor > 0 && results.frechet.floorSd > 0);
    assert.ok(results.accuracy! < 0.5, `accuracy ${results.accuracy}`);
    assert.ok(results.targetProbability! > 0 && results.targetProbability! < 1);
    assert.ok(results.precision < 0.5 && results.real.precision > 0.5, JSON.stringify(results));
    assert.ok(Math.abs(results.realClassEntropy - Math.log(10)) < 0.01);
    assert.ok(results.nearestTraining.median > results.nearestTraining.realMedian);
    assert.deepEqual(settings, {
      count: 210,
      sampler: "ddim",
      steps: 3,
      guidance_scale: 1,
      seed: 4,
      eta: 0,
    });
    assert.deepEqual([evaluation.id, evaluation.step, evaluation.networkEvaluations], [
      "image-0001-evaluation-001",
      6,
      3,
    ]);
    assert.equal(evaluation.configHash, lab.run("image-0001").configHash);
    assert.equal(evaluation.datasetHash, lab.run("image-0001").datasetHash);
    assert.ok(evaluation.classifier.accuracy > 0.99 && evaluation.samplingSeconds > 0);
    assert.ok(progress.length > 1 && progress.every((p, i) => i === 0 || p >= progress[i - 1]!));

    const [again, other] = await Promise.all([
      evaluate(lab, { ...request, guidance_scale: 2 }),
      evaluate(lab, { ...request, run: "image-0002" }),
    ]);
    assert.deepEqual([again.id, again.networkEvaluations], ["image-0001-evaluation-002", 6]);
    assert.equal(again.results.frechet.floor, results.frechet.floor);
    assert.deepEqual(lab.inspect("image-0001").evaluations, [evaluation, again]);

    const { evaluations, cautions } = lab.compare(["image-0001", "image-0002"]);
    assert.deepEqual(new Set(evaluations.map(({ id }) => id)), new Set([again.id, other.id]));
    assert.ok(cautions.some((caution) => caution.includes("how the pictures were drawn")));
  }));

Deno.test("an evaluation of more pictures than held-out images allow says how many would do", () =>
  withTwoTrained(async (lab) => {
    await assert.rejects(lab.evaluate({ run: "latest", count: 600 }), {
      name: "UserError",
      message:
        "count is 600, but Made-up digits has 1000 held-out images and two sets of as many " +
        "are needed: use 200 to 500",
    });
    await assert.rejects(lab.evaluate({ run: "latest", count: 100 }), {
      name: "UserError",
      message: "count is 100, but must be a whole number from 200 to 5000",
    });
    assert.deepEqual(lab.evaluations("latest"), []);
  }));
