/** Declaring the fields of configurations and requests, and the fields that all modalities share. */
import { z } from "zod";
import { precisionNames, rangeOf } from "../../engine/host/mod.ts";

/** What is known of a field beside its values. Lists of fields are derived from it, wherever they are used. */
export interface FieldFacts {
  /** The value that reproduces runs from before the field existed; files of these runs lack the field. */
  readonly earlier?: string | number;
  /** The parameters of the network, and so the size of a checkpoint, depend on it. */
  readonly network?: true;
  /** The speed of training depends on it, although the network does not. */
  readonly speed?: true;
  /** It determines which noise levels a loss is taken over or how it is weighted, so that losses are comparable only
   * where it is the same. */
  readonly objective?: true;
  /** It affects what is recorded, but not the training itself. */
  readonly recording?: true;
  /** Lists of runs show its value. */
  readonly listed?: true;
  /** Tools publish the configuration field with its description, or with this shorter one. */
  readonly published?: true | string;
  /** Tools accept the field of a request without publishing it. */
  readonly rare?: true;
}

export const fieldFacts = z.registry<FieldFacts>();

/** Returns what is known of a field. */
export function factsOf(field: z.ZodType): FieldFacts {
  return fieldFacts.get(field) ?? {};
}

/** Returns the fields of an object with a fact, with its value. */
export function fieldsWith<Fact extends keyof FieldFacts>(
  { shape }: z.ZodObject,
  fact: Fact,
): Record<string, NonNullable<FieldFacts[Fact]>> {
  const values = Object.entries(shape as Record<string, z.ZodType>)
    .map(([field, schema]) => [field, factsOf(schema)[fact]] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Record<
    string,
    NonNullable<FieldFacts[Fact]>
  >;
}

/** Declares an integer within inclusive bounds. */
export const integer = (minimum: number, maximum: number) =>
  z.number().int().min(minimum).max(maximum);

/** Fields of the optimisation. */
export const trainingFields = {
  steps: integer(1, 1_000_000).describe("Training steps")
    .register(fieldFacts, { published: true, listed: true }),
  batch_size: integer(1, 1024).describe("Examples per training step")
    .register(fieldFacts, { published: true, speed: true }),
  learning_rate: z.number().positive().max(1).describe("Peak learning rate of AdamW")
    .register(fieldFacts, { published: true }),
  muon_learning_rate: z.number().min(0).max(1).describe(
    "Peak learning rate of Muon, which updates the weight matrices of the hidden layers; 0: AdamW updates " +
      "all parameters",
  ).register(fieldFacts, { earlier: 0 }),
  warmup_steps: integer(0, 100_000).describe("Steps over which the learning rate rises from zero"),
  decay: z.enum(["constant", "cosine", "linear"]).describe(
    "How the learning rate falls after the warm-up to the last step",
  ),
  weight_decay: z.number().min(0).max(1).describe("Decoupled weight decay of AdamW"),
  gradient_clip: z.number().min(0).max(1000).describe(
    "Gradients whose global norm is larger are scaled down to it; 0 turns clipping off",
  ),
  ema_decay: z.number().min(0).max(0.99999).describe(
    "Largest decay of the exponential moving average of the weights, from which samples are drawn",
  ),
  precision: z.enum(precisionNames).describe(
    "Arithmetic of matrix products and convolutions in training; tf32 (factors with 10 bits of mantissa, " +
      "sums in float32) needs device cuda with compute capability 8.0 or more",
  ).register(fieldFacts, { earlier: "float32" }),
};

/** What training begins with. */
export const startFields = {
  start_from: z.string().max(80).describe(
    "Run from whose newest checkpoint training starts (recorded as image-0001@600); empty: random weights",
  ).register(fieldFacts, { earlier: "" }),
  start_with: z.enum(["weights", "training"]).describe(
    "What is taken from start_from: weights (their moving average) begins a new training with them; " +
      "training also takes optimiser state and step, to train for more steps",
  ).register(fieldFacts, { earlier: "weights" }),
};

/** The seed, and what is recorded during training. */
export const recordingFields = {
  seed: integer(0, 2_147_483_647).describe("Seed of initial weights, batches and noise"),
  log_every: integer(1, 100_000).describe("Steps between records of the training metrics")
    .register(fieldFacts, { recording: true }),
  validate_every: integer(1, 1_000_000).describe("Steps between validations on held-out examples")
    .register(fieldFacts, { recording: true }),
  checkpoint_every: integer(1, 1_000_000).describe("Steps between checkpoints")
    .register(fieldFacts, { recording: true }),
  sample_every: integer(0, 1_000_000).describe(
    "Steps between small samples drawn during training; 0 for none",
  )
    .register(fieldFacts, { recording: true }),
};

/**
 * The configuration of a run: everything needed to repeat it, in one flat record. These fields exist in
 * every modality; the type of a modality's own configuration adds its own.
 */
export type RunConfig =
  & { modality: string; dataset: string; size?: string }
  & z.infer<z.ZodObject<typeof startFields & typeof trainingFields & typeof recordingFields>>;

/** The run and the step that `start_from` names. */
interface Start {
  readonly run: string;
  /** Undefined for its newest checkpoint. */
  readonly step: number | undefined;
}

/** @returns null where training begins with random weights. */
export function startOf({ start_from }: Pick<RunConfig, "start_from">): Start | null {
  if (start_from === "" || start_from === undefined) return null;
  const [, run, step] = /^(.*?)(?:@(\d+))?$/.exec(start_from)!;
  return { run: run!, step: step === undefined ? undefined : Number(step) };
}

/** The fields that say something of a configuration: without the start of a training that has none. */
export function tellingFields(config: RunConfig): [field: string, value: string | number][] {
  return Object.entries(config).filter(([field]) =>
    config.start_from !== "" || (field !== "start_from" && field !== "start_with")
  );
}

/** The parts of a field's description, from which fields of several modalities are described together. */
interface Meaning {
  readonly meaning: string;
  /** The default, in words. */
  readonly absent: string;
}

const meanings = z.registry<Meaning>();

/** Returns the parts of a field's description, or undefined if it has a description of its own. */
export function meaningOf(field: z.ZodType): Meaning | undefined {
  return meanings.get(field);
}

/**
 * Declares an optional field. Its description has its meaning, range and default.
 *
 * @param absent The default in words, because it depends on other fields.
 */
export function optional<Schema extends z.ZodType>(
  schema: Schema,
  meaning: string,
  absent: string,
): z.ZodOptional<Schema> {
  const field = schema.optional().describe(sentence(schema, { meaning, absent }));
  meanings.add(field, { meaning, absent });
  return field;
}

/** Declares a field with a default value. Its description has its meaning, range and default. */
export function defaulted<Schema extends z.ZodType>(
  schema: Schema,
  meaning: string,
  value: z.output<Schema> & z.core.util.NoUndefined<z.output<Schema>>,
): z.ZodDefault<Schema> {
  const absent = value === "" ? "nothing" : String(value);
  const field = schema.default(value).describe(sentence(schema, { meaning, absent }));
  meanings.add(field, { meaning, absent });
  return field;
}

function sentence(schema: z.ZodType, { meaning, absent }: Meaning): string {
  const range = rangeOf(schema);
  return `${meaning}${range === undefined ? "" : `, ${range}`} (default ${absent})`;
}

/** Reference to a run: an id, a unique prefix, "latest", "best", "best:" and a data set, or the id of a sweep. */
export const runReference = z.string().min(1).max(60);
const REFERENCE_HELP =
  'id or a unique beginning of it, "latest", "best" (of a data set: "best:mnist"), or a sweep (its best run)';
/** The run of a request. */
export const run = runReference.describe(`Run: ${REFERENCE_HELP}`);

export const sweepReference = z.string().min(1).max(60);

/** Values of configuration fields; the names are validated where they are used. */
export const fieldValues = z.record(z.string().max(40), z.union([z.string().max(400), z.number()]));

const LARGEST_SEED = 2 ** 31 - 1;
/** The range of seeds and of image indices. */
export const seedNumber = integer(0, LARGEST_SEED);
export const seed = defaulted(seedNumber, "Seed of the starting noise", 0);

/** Number of sampling steps. */
export const samplerSteps = integer(1, 1000);

/** Whether a sample has a film strip. */
export const filmStrip = defaulted(
  z.boolean(),
  "Also show the intermediate estimates from noise to the end",
  false,
);
