/**
 * Makes the pretrained models in `study/`: trains them, measures them, and publishes them. What each of them is
 * trained with, and what that is to show, stands first.
 */
import { z } from "zod";
import { UserError } from "../../engine/host/mod.ts";
import {
  configHash,
  type ConfigOverrides,
  hasEnded,
  type Lab,
  parseConfig,
  type PresetName,
  resolveConfig,
  type Run,
  runReference,
} from "../../experiments/mod.ts";
import { type NewEntry, openJournal } from "../../journal/mod.ts";
import { commonOptions, dataDirectory, defineCommand, labOf } from "./command.ts";
import { reportOnModel } from "./study_report.ts";
import { watchToTheEnd } from "./model_commands.ts";

/** A pretrained model, before it is trained. */
interface StudyModel {
  /** After `study/`, in its id. */
  readonly name: "digits" | "verse";
  readonly preset: PresetName;
  readonly overrides: ConfigOverrides;
  /** The journal entry that is written before the training begins. */
  readonly entry: Omit<NewEntry, "runs">;
}

/** The pretrained models, in the order in which they are trained. */
const STUDY_MODELS: readonly StudyModel[] = [
  {
    name: "digits",
    preset: "mnist-flow",
    overrides: { steps: 6000, label_dropout: 0.05 },
    entry: {
      title: "Digits of the study: rectified flow in 6,000 steps",
      hypothesis:
        "Entries 0010 and 0011 left rectified flow with Muon and self-conditioning at 98.0 % of " +
        "digits read as the class asked for and 1.32 Fréchet floors (2,000 pictures, unguided, 25 " +
        "evaluations of DPM-Solver++ 2M). With 6,000 steps, and 5 instead of 10 % of the labels " +
        "hidden, since what is measured here is unguided, the denoising error falls below 0.0750, " +
        "and the marks of the study are met: 98.5 % recognised at no more than 1.2 floors.",
      criterion: {
        metric: "denoising_mse",
        group: { parameters: { steps: 6000 } },
        relation: "below",
        threshold: 0.075,
      },
      tags: ["image", "study"],
    },
  },
  {
    name: "verse",
    preset: "shakespeare-blocks",
    overrides: { steps: 14000, validate_every: 1000, sample_every: 2000 },
    entry: {
      title: "Verse of the study: one network of all block sizes in 14,000 steps",
      hypothesis:
        "Entries 0005 and 0013 stopped at 5,000 steps while the bounds of all block sizes above 1 " +
        "still fell (1.857 nats per character in blocks of 16 with GELU and seed 0). With 14,000 " +
        "steps of the same configuration the bound in blocks of 16 falls below 1.83, at the price " +
        "of a left-to-right value that overfits, and blocks of four characters out of noise reach " +
        "80 % known words at 0.95 of real text's entropy of words.",
      criterion: {
        metric: "nats_block_16",
        group: { parameters: { steps: 14000 } },
        relation: "below",
        threshold: 1.83,
      },
      tags: ["text", "study"],
    },
  },
];

const ACTIONS = ["train", "report", "publish", "picture"] as const;

export const studyCommand = defineCommand({
  schema: z.strictObject({
    action: z.enum(ACTIONS).describe(
      "train: trains the models, or goes on with it; report: measures the pretrained models; " +
        "publish: puts what was trained into study/; picture: draws the README's animated picture",
    ),
    models: z.array(z.enum(["digits", "verse"])).min(1).default(["digits", "verse"]).describe(
      "Which models (default both)",
    ),
    run: runReference.optional().describe(
      "For publish, with one of the models: the run whose weights are taken (default the one with " +
        "the model's configuration)",
    ),
    measure: z.boolean().default(true).describe(
      "Measures nothing: takes the best of the settings that were measured before",
    ),
    again: z.boolean().default(false).describe("Measures anew what was measured before"),
    ...commonOptions,
  }),
  argument: "action",
  async run({ action, models, run, measure, again, ...common }) {
    const lab = labOf(common);
    const chosen = STUDY_MODELS.filter(({ name }) => models.includes(name));
    switch (action) {
      case "train":
        await trainModels(lab, chosen);
        break;
      case "report":
        for (const { name } of chosen) {
          const { text } = await reportOnModel(lab, `study/${name}`, { again, measure });
          console.log(`${text}\n`);
        }
        break;
      case "publish": {
        const { publishModel } = await import("./study_publish.ts");
        for (const model of chosen) {
          const trained = run === undefined ? runOf(lab, model) : lab.run(run);
          await publishModel(lab, model, trained, {
            measure,
            dataDirectory: dataDirectory(common),
          });
        }
        break;
      }
      case "picture": {
        const { drawForming } = await import("./study_publish.ts");
        console.log(await drawForming(lab));
      }
    }
    lab.close();
    return 0;
  },
});

/**
 * Trains what is not trained yet. Each hypothesis is in the journal before the training begins.
 * Interrupted, it goes on where it was when it is called again.
 */
async function trainModels(lab: Lab, models: readonly StudyModel[]): Promise<void> {
  const journal = await openJournal(lab);
  const runs: Run[] = [];
  for (const model of models) {
    const known = findRun(lab, model);
    if (known === undefined) {
      const { preset, overrides, entry, name } = model;
      const { id } = journal.write(entry);
      const { runs: [started] } = await lab.train({ preset, overrides, label: `study ${name}` });
      journal.update(id, { runs: [started!.id] });
      runs.push(started!);
    } else {
      const waits = hasEnded(known) && known.status !== "finished";
      runs.push(waits ? await lab.resume(known.id) : known);
    }
  }
  for (const { id, status, error } of await watchToTheEnd(lab, runs.map(({ id }) => id))) {
    console.log(`${id} is ${status}${error === null ? "" : `: ${error}`}`);
  }
  for (const { title, id } of journal.listEntries()) {
    if (models.some(({ entry }) => entry.title === title)) journal.update(id, {});
  }
}

/** The run of this workspace with a model's configuration. */
function findRun(lab: Lab, { preset, overrides }: StudyModel): Run | undefined {
  const wanted = configHash(resolveConfig(preset, overrides));
  return lab.runs({ limit: 1000 }).runs.find(({ config }) =>
    configHash(parseConfig(config)) === wanted
  );
}

function runOf(lab: Lab, model: StudyModel): Run {
  const run = findRun(lab, model);
  if (run?.checkpointStep) return run;
  throw new UserError(
    `The workspace ${lab.workspace} has no weights of ${model.name} yet: name the one that they are ` +
      "trained in with --workspace, or train them with deno task study:train",
  );
}
