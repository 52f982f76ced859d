import assert from "node:assert/strict";
import { levelsFor, sampleSettings } from "../../experiments/image/settings.ts";
import { samplerNames, samplersWith, solver } from "../../models/diffusion/mod.ts";
import { shortConfig } from "./workspace.ts";

const config = shortConfig();

Deno.test("an option is taken by a request if and only if the solver takes it", () => {
  const values = { eta: 0.5, variance: "large", churn: 0.1 } as const;
  for (const sampler of samplerNames) {
    for (const option of ["eta", "variance", "churn"] as const) {
      const given = { [option]: values[option] };
      if (samplersWith(option).some(({ name }) => name === sampler)) {
        solver(sampler, given);
        assert.equal(sampleSettings({ sampler, ...given }, config)[option], values[option]);
      } else {
        assert.throws(() => solver(sampler, given), { name: "UserError" });
        assert.throws(() => sampleSettings({ sampler, ...given }, config), {
          name: "UserError",
          message: new RegExp(`^${option} is .* with sampler "${sampler}": it belongs to `),
        });
      }
    }
  }
});

const mistakes: [request: Parameters<typeof sampleSettings>[0], message: RegExp][] = [
  [
    { sampler: "heun", churn: 0.5 },
    /^churn is 0.5, but must be a number from 0 to 0.4142$/,
  ],
  [{ rho: 5 }, /^rho is 5 with spacing "trailing": it belongs to "karras", leave it out$/],
  [{ guidance_rescale: 0.7 }, /^guidance_rescale has no effect where guidance_scale is 1/],
  [{ guidance_scale: 0, guidance_interval: [-1, 1] }, /^guidance_interval has no effect where/],
  [
    { guidance_scale: 2, guidance_interval: [2, -5] },
    /^guidance_interval is \[2,-5\], but must be two values of -log SNR, the lower first/,
  ],
];
for (const [request, message] of mistakes) {
  Deno.test(`a request for ${JSON.stringify(request)} is refused with the reason`, () => {
    assert.throws(() => sampleSettings(request, config), { name: "UserError", message });
  });
}

Deno.test("where a schedule has no finite end, samplers that need one name those that do not", () => {
  const flow = { ...config, schedule: "flow" } as const;
  const of = (request: Parameters<typeof sampleSettings>[0]) => sampleSettings(request, flow);
  assert.equal(levelsFor(flow, of({ sampler: "dpmpp-2m", steps: 4 }))[0], Infinity);
  assert.throws(() => levelsFor(flow, of({ sampler: "heun" })), {
    name: "UserError",
    message: /use "flow-heun", "euler" or "dpmpp-2m"$/,
  });
  assert.throws(() => levelsFor(flow, of({ spacing: "karras" })), {
    name: "UserError",
    message: /spacing is "karras"/,
  });
  const linspace = levelsFor(flow, of({ spacing: "linspace", steps: 4 }));
  assert.ok(
    Number.isFinite(linspace[3]),
    "every estimate but the first is asked for at some noise",
  );
});
