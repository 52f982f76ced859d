/** The tables of docs/diffusion.md are those of the registries. */
import assert from "node:assert/strict";
import { z } from "zod";
import { samplers, targets } from "../../../models/diffusion/mod.ts";
import { weightings } from "../../../models/diffusion/objective.ts";
import { schedules } from "../../../models/diffusion/schedules.ts";

const page = await Deno.readTextFile(new URL("../../../docs/diffusion.md", import.meta.url));

/** Returns the cells of the first table below a heading, without those of its head. */
function tableBelow(heading: string): string[][] {
  const section = page.slice(page.indexOf(`\n## ${heading}\n`));
  const start = section.indexOf("\n|") + 1;
  return section.slice(start).split("\n\n")[0]!.trimEnd().split("\n").slice(2)
    .map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/** Returns a row for each entry: its name, its description and its source. */
function described(
  entries: Record<string, { readonly description: string; readonly citation: string }>,
): string[][] {
  return Object.entries(entries).map(([name, { description, citation }]) => [
    `\`${name}\``,
    description,
    citation,
  ]);
}

/** The options of a sampler with their defaults: "`eta` 0". */
function optionsOf(shape: z.ZodRawShape): string {
  const options = Object.entries(shape);
  return options.map(([name, field]) => `\`${name}\` ${z.parse(field, undefined)}`).join(", ");
}

Deno.test("the page on diffusion has the registry's schedules, targets, weightings and samplers", () => {
  assert.deepEqual(tableBelow("Schedules"), described(schedules));
  assert.deepEqual(tableBelow("Targets"), described(targets));
  assert.deepEqual(tableBelow("Weightings"), described(weightings));
  assert.deepEqual(
    tableBelow("Samplers"),
    Object.entries(samplers).map((
      [name, { description, order, evaluations, options, citation }],
    ) => [
      `\`${name}\``,
      description,
      String(order),
      String(evaluations),
      optionsOf(options.shape),
      citation,
    ]),
  );
});
