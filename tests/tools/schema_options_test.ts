import assert from "node:assert/strict";
import { Command as Parser } from "commander";
import { z } from "zod";
import { RefusedValue } from "../../engine/host/mod.ts";
import { AnyEvaluateRequest, AnySampleRequest } from "../../experiments/registry/requests.ts";
import { defineCommand } from "../../tools/cli/command.ts";
import { commands } from "../../tools/mod.ts";
import { argumentOf, optionNames, optionsOf, optionValues } from "../../tools/cli/parser.ts";

const command = defineCommand({
  schema: z.strictObject({
    runs: z.array(z.string()).min(2).max(3),
    guidance_scale: z.number().min(0).max(20).optional().describe("Guidance"),
    class: z.union([z.number(), z.array(z.number()).max(3)]).optional(),
    pair: z.tuple([z.number(), z.number()]).optional(),
    names: z.array(z.string()).optional(),
    overrides: z.strictObject({ steps: z.number().max(9), dataset: z.string() }).partial()
      .optional(),
    grid: z.strictObject({ steps: z.array(z.number()).optional() }).optional(),
    kind: z.enum(["a", "b"]).optional().describe("Kind"),
    quick: z.boolean().default(false),
    viewer: z.boolean().default(true),
  }),
  argument: "runs",
  names: { overrides: "set" },
  run: () => Promise.resolve(0),
});

function given(...args: string[]): Record<string, unknown> {
  const parser = new Parser().exitOverride().configureOutput({ writeErr: () => {} });
  parser.addArgument(argumentOf(command)!);
  for (const { option } of optionsOf(command)) parser.addOption(option);
  parser.parse(args, { from: "user" });
  return optionValues(command, parser.opts(), parser.args);
}

Deno.test("optionValues() reads options as what their fields take: numbers, lists, texts, flags", () => {
  assert.deepEqual(given("x", "7", "--guidance-scale", "2.5"), {
    runs: ["x", "7"],
    guidance_scale: 2.5,
    viewer: true,
  });
  assert.deepEqual(given("--class", "3").class, 3);
  assert.deepEqual(given("--class", "3,7").class, [3, 7]);
  assert.deepEqual(given("--pair", "-5,2").pair, [-5, 2]);
  assert.deepEqual(given("--names", "1,b").names, ["1", "b"]);
  assert.deepEqual(given("--quick", "--no-viewer"), { quick: true, viewer: false });
  assert.deepEqual(
    given("--set", "steps=5", "--set", "dataset=7", "--grid", "steps=1,2"),
    { overrides: { steps: 5, dataset: "7" }, grid: { steps: [1, 2] }, viewer: true },
  );
  assert.throws(() => given("--set", "steps"), {
    name: "UserError",
    message: '--set is "steps", but must be of the form FIELD=VALUE',
  });
});

Deno.test("an option that is given twice is refused instead of the last value taken", () => {
  assert.throws(() => given("--guidance-scale", "2", "--guidance-scale", "3"), {
    name: "UserError",
    message: "--guidance-scale is given twice, as 2 and as 3: give it once",
  });
  assert.throws(() => given("--set", "steps=5", "--set", "steps=6"), {
    name: "UserError",
    message: "--set steps is given twice, as 5 and as 6: give it once",
  });
  assert.deepEqual(given("--set", "steps=5", "--grid", "steps=6").grid, { steps: [6] });
});

Deno.test("what a schema refuses is explained with the names of the options", async () => {
  const refusal = async (...args: string[]) => {
    try {
      await command.run(given("x", "y", ...args), { openViewer: () => Promise.reject() });
    } catch (error) {
      assert.ok(error instanceof RefusedValue);
      return error.explained(optionNames(command));
    }
    return "";
  };
  assert.equal(
    await refusal("--guidance-scale", "99"),
    "--guidance-scale is 99, but must be a number from 0 to 20",
  );
  assert.match(
    await refusal("--guidance-scale", "much"),
    /^--guidance-scale is "much", but must be/,
  );
  assert.match(await refusal("--set", "steps=10"), /^--set steps is 10, but must be a number/);
  assert.match(await refusal("--set", "stepz=1"), /"stepz" in --set: did you mean steps\?/);
  assert.match(await refusal("--kind", "c"), /^--kind is "c", but must be one of a, b/);
  const contradiction = new RefusedValue((name) =>
    `${name("runs")}, ${name("quick")}, ${name("guidance_scale")}, ${name("grid", "seed")}`
  );
  assert.equal(contradiction.message, "runs, quick, guidance_scale, grid.seed");
  assert.equal(
    contradiction.explained(optionNames(command)),
    "RUN, --quick, --guidance-scale, --grid seed",
  );
});

Deno.test("help says what a field means, and which values it takes", () => {
  const described = Object.fromEntries(
    optionsOf(command).map(({ option }) => [option.flags, option.description]),
  );
  assert.equal(described["--guidance-scale <NUMBER>"], "Guidance");
  assert.equal(described["--kind <NAME>"], "Kind; one of a, b");
  assert.equal(argumentOf(command)!.name(), "RUN");
});

Deno.test("help names what a directory, a file, a run and a sweep stand for", async () => {
  const flags = await Promise.all(["sample", "train", "compare"].map(async (name) => {
    const command = await commands[name]!.load();
    return [argumentOf(command)?.name(), ...optionsOf(command).map(({ option }) => option.flags)];
  }));
  const [sample, train, compare] = flags as [string[], string[], string[]];
  assert.equal(sample[0], "RUN");
  assert.ok(sample.includes("--out <FILE>") && sample.includes("--workspace <DIR>"));
  assert.ok(train.includes("--resume <RUN>") && compare.includes("--sweep <SWEEP>"));
});

Deno.test("every field of a request is an option of its command", async () => {
  for (
    const [name, request] of [["sample", AnySampleRequest], [
      "evaluate",
      AnyEvaluateRequest,
    ]] as const
  ) {
    const command = await commands[name]!.load();
    const fields = [...optionsOf(command).map(({ field }) => field), command.argument];
    assert.deepEqual(Object.keys(request.shape).filter((field) => !fields.includes(field)), []);
  }
});
