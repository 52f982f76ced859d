/** Makes the pretrained models in `study/`: trains them, measures them, and publishes them. */
import { z } from "zod";
import { UserError } from "../../engine/host/mod.ts";
import {
  configHash,
  hasEnded,
  type Lab,
  parseConfig,
  resolveConfig,
  type Run,
  runReference,
} from "../../experiments/mod.ts";
import { openJournal } from "../../journal/mod.ts";
import { commonOptions, dataDirectory, defineCommand, labOf } from "./command.ts";
import { reportOnModel } from "./study_report.ts";
import { STUDY_MODELS, type StudyModel } from "./study_definition.ts";
import { watchToTheEnd } from "./model_commands.ts";

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
