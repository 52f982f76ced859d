import { UserError } from "../../engine/host/mod.ts";
import type { EvaluateRequest } from "../../experiments/mod.ts";
import { evaluationSummary, evaluationTable } from "../evaluation_rows.ts";
import type { Command } from "./command.ts";
import { labOf, numberIn, oneOf, parseOptions } from "./options.ts";
import { progressBar } from "./progress_bar.ts";

/** Draws pictures from a run and measures them. */
export const run: Command = async (args) => {
  const { values, positionals } = parseOptions(args, {
    count: { type: "string" },
    sampler: { type: "string" },
    steps: { type: "string" },
    "guidance-scale": { type: "string" },
    seed: { type: "string" },
  });
  const [reference = "latest", ...rest] = positionals;
  if (rest.length > 0) throw new UserError(`evaluate takes one run, got ${positionals.join(", ")}`);
  const whole = (name: "count" | "steps" | "seed", minimum: number, maximum: number) =>
    values[name] === undefined
      ? {}
      : { [name]: numberIn(name, values[name], { minimum, maximum, whole: true }) };
  const guidance = values["guidance-scale"];
  const request: EvaluateRequest = {
    run: reference,
    ...whole("count", 200, 5000),
    ...whole("steps", 1, 1000),
    ...whole("seed", 0, 2_147_483_647),
    ...(values.sampler === undefined
      ? {}
      : { sampler: oneOf("sampler", values.sampler, ["ddpm", "ddim"] as const) }),
    ...(guidance === undefined
      ? {}
      : { guidance_scale: numberIn("guidance-scale", guidance, { minimum: 0, maximum: 20 }) }),
  };
  const lab = labOf(values);
  const bar = progressBar();
  const evaluation = await lab.evaluate(request, {
    onProgress: ({ done, total, message }) => bar.update(done, total, message),
  }).finally(() => bar.end());
  console.log(
    values.json
      ? JSON.stringify(evaluation, null, 2)
      : `${evaluationTable([evaluation])}\n\n${evaluationSummary(evaluation)}`,
  );
  lab.close();
  return 0;
};
