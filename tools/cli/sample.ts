import { resolve } from "node:path";
import { UserError } from "../../engine/host/mod.ts";
import type { SampleRequest } from "../../experiments/mod.ts";
import type { Command } from "./command.ts";
import { labOf, numberIn, oneOf, parseOptions } from "./options.ts";
import { progressBar } from "./progress_bar.ts";

/** Draws pictures from a run and writes the PNG. */
export const run: Command = async (args) => {
  const { values, positionals } = parseOptions(args, {
    count: { type: "string" },
    sampler: { type: "string" },
    steps: { type: "string" },
    "guidance-scale": { type: "string" },
    class: { type: "string" },
    seed: { type: "string" },
    eta: { type: "string" },
    "film-strip": { type: "boolean", default: false },
    out: { type: "string" },
  });
  const [reference = "latest", ...rest] = positionals;
  if (rest.length > 0) throw new UserError(`sample takes one run, got ${positionals.join(", ")}`);
  const whole = (name: "count" | "steps" | "seed", minimum: number, maximum: number) =>
    values[name] === undefined
      ? {}
      : { [name]: numberIn(name, values[name], { minimum, maximum, whole: true }) };
  const request: SampleRequest = {
    run: reference,
    ...whole("count", 1, 256),
    ...whole("steps", 1, 1000),
    ...whole("seed", 0, 2_147_483_647),
    ...(values.sampler === undefined
      ? {}
      : { sampler: oneOf("sampler", values.sampler, ["ddpm", "ddim"] as const) }),
    ...(values["guidance-scale"] === undefined ? {} : {
      guidance_scale: numberIn("guidance-scale", values["guidance-scale"], {
        minimum: 0,
        maximum: 20,
      }),
    }),
    ...(values.class === undefined ? {} : { class: classes(values.class) }),
    ...(values.eta === undefined
      ? {}
      : { eta: numberIn("eta", values.eta, { minimum: 0, maximum: 1 }) }),
    film_strip: values["film-strip"],
  };
  const lab = labOf(values);
  const bar = progressBar();
  const sample = await lab.sample(request, {
    onProgress: ({ done, total, message }) => bar.update(done, total, message),
  }).finally(() => bar.end());
  const { samplePng } = await import("../../figures/mod.ts");
  const { path, png } = await samplePng(lab, sample.id);
  const written = values.out === undefined ? path : resolve(values.out);
  if (values.out !== undefined) await Deno.writeFile(written, png);
  console.log(
    values.json
      ? JSON.stringify({ ...sample, picture: written }, null, 2)
      : `${sample.id}: ${written}`,
  );
  lab.close();
  return 0;
};

function classes(text: string): number[] {
  return text.split(",").map((item) =>
    numberIn("class", item, { minimum: 0, maximum: 9, whole: true })
  );
}
