/** The options of `sample` for runs on text, and what they ask for. */
import { GENERATION_MODES, type Lab, type WriteRequest } from "../../experiments/mod.ts";
import { samplerNames } from "../../experiments/mod.ts";
import { numberIn, oneOf } from "./options.ts";
import { progressBar } from "./progress_bar.ts";

export const WRITING_OPTIONS = {
  mode: { type: "string" },
  prompt: { type: "string" },
  template: { type: "string" },
  length: { type: "string" },
  "block-size": { type: "string" },
  temperature: { type: "string" },
  "top-p": { type: "string" },
  "diffusion-weight": { type: "string" },
  "revise-share": { type: "string" },
  rounds: { type: "string" },
} as const;

type WritingValues =
  & { readonly [Name in keyof typeof WRITING_OPTIONS]?: string | undefined }
  & {
    readonly count?: string | undefined;
    readonly sampler?: string | undefined;
    readonly steps?: string | undefined;
    readonly seed?: string | undefined;
    readonly "film-strip"?: boolean | undefined;
  };

/** Bounds of the numbers; the laboratory checks what depends on the run. */
const WHOLE = {
  count: [1, 16],
  length: [1, 2000],
  "block-size": [1, 512],
  steps: [1, 1000],
  rounds: [1, 10],
  seed: [0, 2_147_483_647],
} as const;
const FRACTIONS = {
  temperature: [0, 5],
  "top-p": [0.01, 1],
  "diffusion-weight": [0, 1],
  "revise-share": [0, 1],
} as const;

/** The request that these options state; what is left out keeps its default. */
export function writingRequest(run: string, values: WritingValues): WriteRequest {
  const numbers = (bounds: Readonly<Record<string, readonly [number, number]>>, whole: boolean) =>
    Object.fromEntries(
      Object.entries(bounds).flatMap(([name, [minimum, maximum]]) => {
        const text = values[name as keyof WritingValues];
        if (typeof text !== "string") return [];
        return [[name.replaceAll("-", "_"), numberIn(name, text, { minimum, maximum, whole })]];
      }),
    );
  const { mode, prompt, template, sampler } = values;
  return {
    run,
    ...numbers(WHOLE, true),
    ...numbers(FRACTIONS, false),
    ...(mode === undefined ? {} : { mode: oneOf("mode", mode, GENERATION_MODES) }),
    ...(prompt === undefined ? {} : { prompt: prompt.replaceAll("\\n", "\n") }),
    ...(template === undefined ? {} : { template: template.replaceAll("\\n", "\n") }),
    ...(sampler === undefined ? {} : { sampler: oneOf("sampler", sampler, samplerNames) }),
    ...(values["film-strip"] ? { film_strip: true } : {}),
  };
}

/** Writes and prints the texts. */
export async function writeTexts(lab: Lab, request: WriteRequest, json: boolean): Promise<void> {
  const bar = progressBar();
  const sample = await lab.write(request, {
    onProgress: ({ done, total, message }) => bar.update(done, total, message),
  }).finally(() => bar.end());
  console.log(
    json
      ? JSON.stringify(sample, null, 2)
      : sample.texts.map((text, i) => `--- ${sample.id}, ${i + 1} ---\n${text}`).join("\n"),
  );
}
