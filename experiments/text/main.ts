/** Entry of the writing process: answers one {@link WritingJob} with the id of a text sample. */
import { loadTextDataset, type TextDataset } from "../../data/mod.ts";
import { openEngine, UserError } from "../../engine/mod.ts";
import { generate, type GenerationRequest } from "../../models/text/generation/mod.ts";
import { textReference, textStatistics } from "../../models/text/mod.ts";
import { textConfigOf } from "../config.ts";
import { answerJob } from "../jobs/answer.ts";
import { newestWeights } from "../sampling/weights.ts";
import { openStore } from "../store/mod.ts";
import type { Run, WriteSettings } from "../types.ts";
import { textModel } from "./model.ts";
import { networkOf } from "./network.ts";
import type { WritingJob } from "./protocol.ts";
import { GAP } from "./settings.ts";

/** Moments of a film strip. */
const FRAMES = 12;

await answerJob<WritingJob>(async ({ workspace, runId, settings, ...options }, report) => {
  const store = openStore(workspace);
  const run = store.runs.byId(runId)!;
  const config = textConfigOf(run);
  const { dataDirectory: directory, device } = options;
  const dataset = await loadTextDataset(config.dataset, {
    context: config.context,
    ...(directory === undefined ? {} : { directory }),
  });
  requireSameText(run, dataset);
  const request = requestOf(settings, dataset);
  const network = networkOf(config, dataset.vocabulary.size);
  const { step, ema } = newestWeights(store, run, network);
  report(0, 2, `Compiling the network of step ${step}`);
  const engine = await openEngine(device === undefined ? {} : { device });
  const model = await textModel(engine, network, config, ema, settings.count);
  report(1, 2, `Writing by ${settings.mode}`);
  const began = performance.now();
  const { tokens, length, frames, networkEvaluations } = await generate(model, request);
  const seconds = (performance.now() - began) / 1000;
  report(1.5, 2, "Measuring what was written");
  const { vocabulary } = dataset;
  const rows = (of: ArrayLike<number>, length: number) =>
    Array.from(
      { length: settings.count },
      (_, row) => Array.from({ length }, (_, i) => of[row * length + i]!),
    );
  const texts = rows(tokens, length).map((row) => vocabulary.decode(row));
  const prompted = settings.template === null ? [...settings.prompt].length : 0;
  return store.texts.insert({
    runId,
    step,
    settings,
    texts,
    statistics: textStatistics(
      texts.map((text) => [...text].slice(prompted).join("")),
      textReference(dataset),
    ),
    frames: frames.map((frame) => ({
      gamma: frame.gamma,
      start: frame.start,
      texts: rows(frame.tokens, frame.length).map((row) => vocabulary.decode(row)),
      confidence: rows(frame.confidence, frame.length)
        .map((row) => row.map((share) => Math.round(100 * share) / 100)),
    })),
    networkEvaluations,
    seconds,
    device: engine.device,
  });
});

function requireSameText(run: Run, dataset: TextDataset): void {
  if (run.datasetHash === null || run.datasetHash === dataset.hash) return;
  throw new UserError(
    `${run.id} learnt from another text than ${dataset.name} is now, and would spell with other ` +
      "characters: put the old file back",
  );
}

function requestOf(settings: WriteSettings, { vocabulary }: TextDataset): GenerationRequest {
  const encode = (text: string) => Int32Array.from(vocabulary.encode(text));
  const template = settings.template === null ? undefined : templateOf(settings.template, encode);
  return {
    mode: settings.mode,
    count: settings.count,
    length: settings.length,
    prompt: encode(settings.prompt),
    template,
    blockSize: settings.block_size,
    steps: settings.steps,
    sampler: settings.sampler,
    temperature: settings.temperature,
    topP: settings.top_p,
    diffusionWeight: settings.diffusion_weight,
    reviseShare: settings.revise_share,
    rounds: settings.rounds,
    seed: settings.seed,
    frames: settings.film_strip ? FRAMES : 0,
  };
}

/** The template's tokens, −1 for every gap. */
function templateOf(template: string, encode: (text: string) => Int32Array): Int32Array {
  return Int32Array.from([...template], (mark) => mark === GAP ? -1 : encode(mark)[0]!);
}
