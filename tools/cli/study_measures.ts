/** The measurements of each pretrained model: their settings, and the required values. */
import {
  type Evaluation,
  type ImageEvaluation,
  modalityOf,
  type Run,
  type TextEvaluation,
} from "../../experiments/mod.ts";
import { percent, table } from "../rows.ts";

/** The values that the models are to reach, as `study:report` measures them. */
const MARKS = {
  /** Measured with 2,000 unguided pictures in 25 evaluations of the network. */
  digits: { recognised: 0.985, floors: 1.2 },
  /** Known words, and the entropy of words as a share of real text's. */
  verse: { diffusion: 0.8, hybrid: 0.92, wordEntropy: 0.95 },
} as const;

/** A way of sampling that is measured. */
export interface Candidate {
  /** The kind of the setting; the best setting of each kind is chosen. */
  readonly kind: "unguided" | "diffusion" | "hybrid" | "reading";
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A number of an evaluation that is held against a mark. */
interface Marked {
  readonly title: string;
  readonly value: number;
  readonly mark: number;
  /** Whether values up to the mark meet it, rather than values from it. */
  readonly atMost?: boolean;
  readonly shown: (value: number) => string;
}

/** The measurement and the report of a model. */
export interface Measures<Of extends Evaluation = Evaluation> {
  readonly candidates: readonly Candidate[];
  /** A short description of the sampling. */
  name(evaluation: Of): string;
  /** Nothing for a kind without marks. */
  marked(kind: Candidate["kind"], evaluation: Of): readonly Marked[];
  /** Of two that miss their marks by the same, the larger is the better one. */
  merit(evaluation: Of): number;
  /** Markdown; the rows that the evaluations are compared with stand last. */
  table(rows: readonly (readonly [name: string, evaluation: Of])[]): string;
  /** The largest changes that rounding the weights may cause. */
  numbers(evaluation: Of): Readonly<Record<string, number>>;
}

const twoDigits = (value: number) => value.toFixed(2);

const DRAWN = { count: 2000, steps: 25, guidance_scale: 1 } as const;

const DIGITS: Measures<ImageEvaluation> = {
  candidates: [
    { ...DRAWN, sampler: "dpmpp-2m" } as const,
    { ...DRAWN, sampler: "dpmpp-2m-sde" } as const,
    { ...DRAWN, sampler: "ddim", eta: 0.5 } as const,
    { ...DRAWN, sampler: "ddim", eta: 1 } as const,
  ].map((settings) => ({ kind: "unguided", settings })),
  name: ({ settings: { sampler, eta } }) => `${sampler}${eta > 0 ? `, eta ${eta}` : ""}`,
  marked: (_, { results: { accuracy, frechet } }) => [
    {
      title: "recognised as asked for",
      value: accuracy ?? 0,
      mark: MARKS.digits.recognised,
      shown: percent,
    },
    {
      title: "Fréchet distance, of the floor",
      value: frechet.distance / frechet.floor,
      mark: MARKS.digits.floors,
      atMost: true,
      shown: twoDigits,
    },
  ],
  merit: ({ results: { frechet } }) => -frechet.distance,
  table(rows) {
    const { settings, results: { frechet, real }, classifier } = rows[0]![1];
    const line = (name: string, accuracy: number | null, distance: number, of: typeof real) => [
      name,
      percent(accuracy),
      twoDigits(distance),
      twoDigits(distance / frechet.floor),
      twoDigits(of.precision),
      twoDigits(of.recall),
    ];
    return table(
      [
        `${settings.count} digits, ${settings.steps} steps, unguided`,
        "recognised as asked for",
        "Fréchet distance",
        "of the floor",
        "precision",
        "recall",
      ],
      [
        ...rows.map(([name, { results }]) =>
          line(name, results.accuracy, results.frechet.distance, results)
        ),
        line("real digits (the floor)", classifier.accuracy, frechet.floor, real),
      ],
    );
  },
  numbers: ({ results: { accuracy, frechet } }) => ({
    "recognised as asked for": accuracy ?? 0,
    "Fréchet distance": frechet.distance,
  }),
};

/** Enough text for a percent of its words; bounds are measured only as far as has to be. More than 16
 * steps for a block did not give better texts (entry 0013). */
const WRITTEN = { count: 32, length: 256, steps: 16, draws: 2, bound_steps: [16] };
/** The same left to right, where no walk has steps. */
const { steps: _, bound_steps: __, ...READ } = WRITTEN;

const VERSE: Measures<TextEvaluation> = {
  candidates: [
    ...([[4, 0.3], [4, 0.4], [4, 0.5], [16, 0.3], [16, 0.5]] as const).map((
      [block_size, temperature],
    ): Candidate => ({
      kind: "diffusion",
      settings: { ...WRITTEN, mode: "blocks", block_size, temperature },
    })),
    // A weight of 0.5 and revised drafts were worse (entry 0002 of the study's journal).
    {
      kind: "hybrid",
      settings: {
        ...WRITTEN,
        mode: "guided",
        block_size: 4,
        temperature: 0.7,
        diffusion_weight: 0.3,
      },
    },
    { kind: "reading", settings: { ...READ, mode: "autoregressive", temperature: 0.9 } },
  ],
  name({ settings: { writing } }) {
    const { mode, block_size, temperature, diffusion_weight } = writing;
    const how = mode === "autoregressive"
      ? "left to right"
      : `${mode === "blocks" ? "out of noise" : mode} in blocks of ${block_size}`;
    const weight = mode === "guided" ? `, weight ${diffusion_weight}` : "";
    return `${how}${weight}, temperature ${temperature}`;
  },
  marked(kind, { results: { texts: { written, real } } }) {
    if (kind === "reading") return [];
    const how = kind === "diffusion" ? "by diffusion alone" : "by the best hybrid mode";
    return [
      {
        title: `known words ${how}`,
        value: written.knownWords ?? 0,
        mark: kind === "diffusion" ? MARKS.verse.diffusion : MARKS.verse.hybrid,
        shown: percent,
      },
      {
        title: `entropy of words ${how}, of real text's`,
        value: (written.wordEntropy ?? 0) / (real?.wordEntropy?.mean ?? NaN),
        mark: MARKS.verse.wordEntropy,
        shown: twoDigits,
      },
    ];
  },
  merit: ({ results: { texts: { written } } }) => written.knownWords ?? 0,
  table(rows) {
    const { settings: { writing }, results: { texts } } = rows[0]![1];
    const { real, ngrams } = texts;
    const entropy = real?.wordEntropy?.mean;
    type Row = Readonly<Partial<Record<"knownWords" | "wordEntropy", number | null>>> & {
      readonly ngramNats?: number | undefined;
      readonly longestCopy?: number | undefined;
    };
    const line = (name: string, of: Row, seconds?: number) => [
      name,
      percent(of.knownWords),
      of.wordEntropy && entropy
        ? `${twoDigits(of.wordEntropy)} (${twoDigits(of.wordEntropy / entropy)})`
        : "-",
      of.ngramNats === undefined ? "-" : twoDigits(of.ngramNats),
      of.longestCopy?.toFixed(0) ?? "-",
      seconds?.toFixed(0) ?? "-",
    ];
    return table(
      [
        `${writing.count} texts of ${writing.length} characters`,
        "known words",
        "entropy of words, nats (of real text's)",
        "nats under a 5-gram",
        "longest copy",
        "seconds for all",
      ],
      [
        ...rows.map(([name, { results, samplingSeconds }]) =>
          line(name, results.texts.written, samplingSeconds)
        ),
        line("5-gram model", ngrams),
        line("real text", {
          knownWords: real?.knownWords?.mean ?? null,
          wordEntropy: entropy ?? null,
          ngramNats: real?.ngramNats?.mean,
          longestCopy: real?.longestCopy?.mean,
        }),
      ],
    );
  },
  numbers({ settings: { writing: { mode } }, results: { bounds, texts: { written } } }) {
    const nats = bounds.filter(({ steps }) => steps === null).map(({ blockSize, total }) => [
      blockSize === 1 ? "nats per character, left to right" : `in blocks of ${blockSize}`,
      total,
    ]);
    return {
      [`known words, ${mode}`]: written.knownWords ?? 0,
      ...(mode === "blocks" ? Object.fromEntries(nats) : {}),
    };
  },
};

const MEASURES = { pictures: DIGITS, texts: VERSE, tables: undefined } as const;

/** How a model is measured. @throws {Error} If no model of its modality is published. */
export function measuresOf(run: Pick<Run, "config">): Measures {
  const { name, presentation } = modalityOf(run);
  const measures = MEASURES[presentation];
  if (!measures) throw new Error(`Internal: nothing is measured of pretrained ${name} models`);
  return measures as unknown as Measures;
}
