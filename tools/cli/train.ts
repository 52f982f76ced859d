import type { ConfigGrid, ConfigOverrides, Lab, Run } from "../../experiments/mod.ts";
import { UserError } from "../../engine/host/mod.ts";
import { DEFAULT_PRESET } from "../train_schema.ts";
import { isOver, runTable } from "../rows.ts";
import type { Command } from "./command.ts";
import { assignments, labOf, numberIn, parseOptions, valueOf } from "./options.ts";
import { progressBar } from "./progress_bar.ts";

const LARGEST_SEED = 2_147_483_647;

/** Trains a run or a sweep and waits for it; interrupting ends the waiting, not the training. */
export const run: Command = async (args) => {
  const { values } = parseOptions(args, {
    preset: { type: "string" },
    set: { type: "string", multiple: true },
    grid: { type: "string", multiple: true },
    seeds: { type: "string" },
    label: { type: "string" },
    resume: { type: "string" },
    detach: { type: "boolean", default: false },
  });
  const lab = labOf(values);
  const started = values.resume === undefined
    ? (await lab.train(request(values))).runs
    : [await resume(lab, values.resume, values)];
  const ids = started.map((run) => run.id);
  const runs = values.detach ? started : await watchToTheEnd(lab, ids);
  console.log(values.json ? JSON.stringify(runs, null, 2) : runTable(runs));
  for (const { id, error } of runs) {
    if (error !== null) console.error(`${id} failed: ${error}`);
  }
  lab.close();
  return runs.some((run) => run.status === "failed") ? 1 : 0;
};

interface TrainValues {
  readonly preset?: string | undefined;
  readonly set?: string[] | undefined;
  readonly grid?: string[] | undefined;
  readonly seeds?: string | undefined;
  readonly label?: string | undefined;
}

/** The laboratory checks names and values; what is typed here only passes through. */
function request({ preset, set, grid, seeds, label }: TrainValues) {
  const overrides = Object.fromEntries(
    Object.entries(assignments("set", set ?? [])).map(([field, text]) => [field, valueOf(text)]),
  ) as ConfigOverrides;
  const lists = Object.fromEntries(
    Object.entries(assignments("grid", grid ?? []))
      .map(([field, text]) => [field, text.split(",").map(valueOf)]),
  ) as ConfigGrid;
  return {
    preset: (preset ?? DEFAULT_PRESET) as typeof DEFAULT_PRESET,
    overrides,
    ...(grid ? { grid: lists } : {}),
    ...(seeds === undefined ? {} : {
      seeds: seeds.split(",").map((text) =>
        numberIn("seeds", text, { minimum: 0, maximum: LARGEST_SEED, whole: true })
      ),
    }),
    ...(label === undefined ? {} : { label }),
  };
}

function resume(lab: Lab, reference: string, others: TrainValues): Promise<Run> {
  const given = (["preset", "set", "grid", "seeds", "label"] as const)
    .filter((name) => others[name] !== undefined).map((name) => `--${name}`);
  if (given.length === 0) return lab.resume(reference);
  throw new UserError(
    `--resume goes on with a run as it was configured: leave out ${given.join(", ")}`,
  );
}

/** Shows a bar until all the runs are over. */
export async function watchToTheEnd(lab: Lab, ids: readonly string[]): Promise<Run[]> {
  const bar = progressBar();
  try {
    for (;;) {
      const runs = await lab.watch(ids, {
        timeoutSeconds: 3600,
        everySeconds: 1,
        onProgress: ({ done, total, message }) => bar.update(done, total, message),
      });
      if (runs.every(isOver)) return runs;
    }
  } finally {
    bar.end();
  }
}
