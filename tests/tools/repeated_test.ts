/** What an answer proposes repeats the sample that it is about, whatever that was asked for with. */
import assert from "node:assert/strict";
import { modalityOf, resolveConfig, type Run, type Sample } from "../../experiments/mod.ts";
import { call, rankCalls, repeated } from "../../tools/links.ts";
import { finishedRun } from "../journal/runs.ts";

const IMAGES = finishedRun("image-0001", {}, 0.1);
const TEXT: Run = {
  ...IMAGES,
  id: "text-0001",
  config: resolveConfig("shakespeare-tiny", { method: "blocks", context: 32 }),
};

const DRAWN: Record<string, unknown>[] = [
  {},
  { count: 10, class: [3, 3, 7], seed: 5 },
  { class: 4, count: 30 },
  { sampler: "ddpm", variance: "small" },
  { sampler: "ddim", eta: 0.5 },
  { sampler: "euler-ancestral", eta: 0 },
  { sampler: "dpmpp-2m-sde" },
  { sampler: "euler", churn: 0.3 },
  { sampler: "heun", spacing: "karras", rho: 7, steps: 10 },
  { guidance_scale: 3, guidance_rescale: 0.7, guidance_interval: [-5, 2] },
  { guidance_scale: 0 },
  { keep: "left", resamples: 3, pictures: [0, 5], count: 4 },
  { keep: "top", strength: 0.5, film_strip: true },
];
const WRITTEN: Record<string, unknown>[] = [
  {},
  { mode: "guided", prompt: "ROMEO:", length: 40, count: 1, diffusion_weight: 0.3 },
  { mode: "diffusion", prompt: "To be", sampler: "heun" },
  { mode: "autoregressive", top_p: 0.5, temperature: 0 },
  { mode: "revised", rounds: 3, revise_share: 0.5, block_size: 8, seed: 2 },
  { mode: "infill", template: "To ____ or", film_strip: true },
];

function settingsFor(run: Run, request: object): Sample["settings"] {
  const { settings } = modalityOf(run).jobInputs.sample(run, request) as Pick<Sample, "settings">;
  return settings;
}

Deno.test("a proposed repetition of a sample has the settings of the sample", () => {
  for (const [run, requests] of [[IMAGES, DRAWN], [TEXT, WRITTEN]] as const) {
    for (const request of requests) {
      const settings = settingsFor(run, request);
      const sample = { settings, ...(run === TEXT ? { texts: [] } : {}) } as unknown as Sample;
      // As it is written into the answer, without the tool's name.
      const again = JSON.parse(call("", repeated(run, sample)));
      assert.deepEqual(settingsFor(run, again), settings, JSON.stringify(request));
      if (Object.keys(request).length === 0) {
        assert.ok(Object.keys(again).length < 6, call("", again));
      }
    }
  }
});

Deno.test("runs of one sweep are proposed to be ranked as the sweep, with all its seeds", () => {
  const runs = [0, 1, 2, 3, 4, 5].map((seed) => finishedRun(`image-000${seed}`, { seed }, 0.1));
  assert.deepEqual(rankCalls(runs), ['compare-runs {"sweep": "sweep-0001"} to rank them']);
  const others = runs.map((run) => ({ ...run, sweepId: null }));
  assert.match(rankCalls(others)[0]!, /^compare-runs \{"runs": \["image-0000", /);
});
