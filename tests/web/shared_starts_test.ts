import assert from "node:assert/strict";
import type { Sample } from "../../experiments/mod.ts";
import { sharedStarts } from "../../web/picture_view.tsx";

function sample(id: string, step: number, settings: Partial<Sample["settings"]>): Sample {
  return {
    id,
    runId: "image-0001",
    step,
    kind: "contact-sheet",
    settings: {
      count: 4,
      sampler: "ddim",
      steps: 10,
      guidance_scale: 1,
      classes: [0, 1, 2, 3],
      seed: 0,
      eta: 0,
      film_strip: false,
      made_by: "request",
      ...settings,
    },
    networkEvaluations: 10,
    path: "",
    seconds: 1,
    device: "cpu",
    createdAt: "2026-01-01T00:00:00.000Z",
  };
}

Deno.test("samples stand side by side if they share weights, seed and classes, and nothing else does", () => {
  const together = [
    sample("a", 5, {}),
    sample("b", 5, { sampler: "heun" }),
    sample("c", 5, { steps: 50 }),
  ];
  const apart = [
    sample("d", 6, { sampler: "heun" }),
    sample("e", 5, { seed: 1, sampler: "heun" }),
    sample("f", 5, { classes: [3, 2, 1, 0], sampler: "heun" }),
    sample("g", 5, { sampler: "ddpm", keep: "left", pictures: [0, 1, 2, 3] }),
  ];
  const [start, ...others] = sharedStarts([...together, ...apart]);
  assert.deepEqual(start, { step: 5, seed: 0, samples: together });
  assert.deepEqual(others, []);
});

Deno.test("of samples drawn alike only the newest stands there, and one alone stands nowhere", () => {
  const alike = [sample("a", 5, {}), sample("b", 5, { film_strip: true })];
  assert.deepEqual(sharedStarts(alike), []);
  const heun = sample("c", 5, { sampler: "heun" });
  assert.deepEqual(
    sharedStarts([...alike, heun]).map(({ samples }) => samples.map(({ id }) => id)),
    [["b", "c"]],
  );
});
