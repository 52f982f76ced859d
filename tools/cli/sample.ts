import { resolve } from "node:path";
import type { SampleRequest } from "../../experiments/mod.ts";
import { damageNote } from "../damage_note.ts";
import type { Command } from "./command.ts";
import {
  DRAWING_OPTIONS,
  drawingRequest,
  GIVEN_OPTIONS,
  givenRequest,
  runNamed,
  wholeNumbers,
} from "./drawing_options.ts";
import { labOf, parseOptions } from "./options.ts";
import { writeTexts, WRITING_OPTIONS, writingRequest } from "./writing_options.ts";
import { progressBar } from "./progress_bar.ts";

/** Draws pictures from a run and writes the PNG; a run on text writes to the terminal. */
export const run: Command = async (args) => {
  const { values, positionals } = parseOptions(args, {
    ...DRAWING_OPTIONS,
    ...GIVEN_OPTIONS,
    ...WRITING_OPTIONS,
    class: { type: "string" },
    "film-strip": { type: "boolean", default: false },
    out: { type: "string" },
  });
  const ref = runNamed("sample", positionals);
  const request: SampleRequest = {
    run: ref,
    ...drawingRequest(values, { minimum: 1, maximum: 256 }),
    ...(values.class === undefined ? {} : { class: wholeNumbers("class", values.class, 999) }),
    ...givenRequest(values),
    film_strip: values["film-strip"],
  };
  const lab = labOf(values);
  if (lab.run(ref).config.modality === "text") {
    await writeTexts(lab, writingRequest(ref, values), values.json === true);
    lab.close();
    return 0;
  }
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
      : `${sample.id}: ${written}${damageNote(lab, sample.runId, sample.step)}`,
  );
  lab.close();
  return 0;
};
