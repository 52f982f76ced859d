/** The curves of one run, as charts for its page. */
import {
  BLOCK_METRICS,
  BLOCK_SIZES,
  type Curves,
  type MetricName,
  type MetricPoint,
  type Run,
} from "../experiments/mod.ts";
import {
  blockChart,
  calmingHalfLife,
  lineChart,
  metricTitle,
  pageTheme,
  type Point,
  type Series,
  smooth,
} from "../figures/mod.ts";

/** The two charts that matter most, then the rest. */
export interface RunCharts {
  readonly main: readonly string[];
  readonly more: readonly string[];
}

const QUARTERS = [
  ["denoising_mse_q0", "least noise"],
  ["denoising_mse_q1", "little"],
  ["denoising_mse_q2", "much"],
  ["denoising_mse_q3", "most noise"],
] as const satisfies readonly (readonly [MetricName, string])[];

export function runCharts(run: Run, curves: Curves): RunCharts {
  const common = { xLabel: "training step", xRange: [0, run.steps] as const, theme: pageTheme };
  const single = (name: MetricName, subtitle: string, color: number, smoothed: boolean) =>
    lineChart({
      ...common,
      title: metricTitle(name),
      subtitle,
      labels: false,
      yScale: name === "loss" || name === "validation_loss" || name === "gradient_norm"
        ? "log"
        : "linear",
      emptyText: emptyText(run, name),
      series: smoothed ? calmed(metricTitle(name), pointsOf(curves[name]), color) : [{
        name: metricTitle(name),
        points: pointsOf(curves[name]),
        color,
        dots: few(curves[name]),
      }],
      ...(name === "examples_per_second" ? { yRange: fromZero(curves[name]) } : {}),
    });
  if (run.config.modality === "text") {
    return {
      main: [
        single("loss", "smoothed, over the raw values", 0, true),
        natsChart(run, curves, common),
      ],
      more: [
        ...(run.config.method === "blocks" ? [blockChart([run], { theme: pageTheme })] : []),
        ...(curves.gamma_half ? [levelsChart(run, curves, common)] : []),
        single("gradient_norm", "before clipping", 4, true),
        single("learning_rate", "AdamW", 3, false),
        single("examples_per_second", "training throughput", 2, true),
      ],
    };
  }
  return {
    main: [
      single("loss", "smoothed, over the raw values", 0, true),
      denoisingChart(run, curves, common),
    ],
    more: [
      ...(curves.frechet
        ? [
          single("frechet", "to held-out images, in a classifier's features", 1, false),
          single("accuracy", "by that classifier", 2, false),
        ]
        : []),
      single("validation_loss", "own objective, held-out images, averaged weights", 0, false),
      single("gradient_norm", "before clipping", 4, true),
      single("learning_rate", "AdamW", 3, false),
      single("examples_per_second", "training throughput", 2, true),
    ],
  };
}

/** What a size of blocks is called in a legend. */
function blockLabel(size: number | undefined): string {
  if (size === undefined) return "whole windows";
  return size === 1 ? "blocks of 1" : String(size);
}

/** Held-out text by size of blocks, beside training text and a bigram model. */
function natsChart(
  run: Run,
  curves: Curves,
  common: { xLabel: string; xRange: readonly [number, number]; theme: typeof pageTheme },
): string {
  const blocks = BLOCK_METRICS.map((name, i) => [name, blockLabel(BLOCK_SIZES[i])] as const);
  const measured = blocks.filter(([name]) => (curves[name]?.length ?? 0) > 0);
  const bigrams: Series[] = run.baseline === null || measured.length === 0 ? [] : [{
    name: "bigrams",
    points: [{ x: 0, y: run.baseline }, { x: run.steps, y: run.baseline }],
    color: 7,
    dashed: true,
  }];
  return lineChart({
    ...common,
    title: metricTitle("nats_per_character"),
    subtitle: "held-out text, by size of blocks; lower is better",
    yScale: "linear",
    emptyText: emptyText(run, "nats_per_character"),
    series: [
      ...measured.map(([name, label], index): Series => ({
        name: label,
        points: pointsOf(curves[name]),
        color: index,
        dots: few(curves[name]),
      })),
      ...(measured.length > 0
        ? [{ name: "training text", points: pointsOf(curves.train_nats), color: 6, dashed: true }]
        : []),
      ...bigrams,
    ],
  });
}

const QUARTILES = [
  ["gamma_quarter", "a quarter below"],
  ["gamma_half", "half below"],
  ["gamma_three_quarters", "three quarters below"],
] as const satisfies readonly (readonly [MetricName, string])[];

/** Where training looks, in a run whose levels adapt. */
function levelsChart(
  run: Run,
  curves: Curves,
  common: { xLabel: string; xRange: readonly [number, number]; theme: typeof pageTheme },
): string {
  return lineChart({
    ...common,
    title: "Noise levels drawn",
    subtitle: "-log SNR, as the run finds its bound to be made up",
    yScale: "linear",
    emptyText: emptyText(run, "nats_per_character"),
    series: QUARTILES.map(([name, label], index): Series => ({
      name: label,
      points: pointsOf(curves[name]),
      color: index,
      dots: few(curves[name]),
    })),
  });
}

function denoisingChart(
  run: Run,
  curves: Curves,
  common: { xLabel: string; xRange: readonly [number, number]; theme: typeof pageTheme },
): string {
  const whole = pointsOf(curves.denoising_mse);
  const trivial: Series[] = run.baseline === null || whole.length === 0 ? [] : [{
    name: "learnt nothing",
    points: [{ x: 0, y: run.baseline }, { x: run.steps, y: run.baseline }],
    color: 7,
    dashed: true,
  }];
  return lineChart({
    ...common,
    title: metricTitle("denoising_mse"),
    subtitle: "held-out images, by how noisy they are; lower is better",
    yScale: "log",
    emptyText: emptyText(run, "denoising_mse"),
    series: [
      { name: "all", points: whole, color: 1, dots: few(curves.denoising_mse) },
      ...QUARTERS.map(([name, label], index): Series => ({
        name: label,
        points: pointsOf(curves[name]),
        color: [5, 2, 3, 4][index] ?? 0,
        dashed: true,
      })),
      ...trivial,
    ],
  });
}

function calmed(name: string, points: readonly Point[], color: number): Series[] {
  const halfLife = calmingHalfLife(points.length);
  if (halfLife === 0) return [{ name, points, color }];
  return [{ name: "raw", points, color, faint: true }, {
    name,
    points: smooth(points, halfLife),
    color,
  }];
}

function pointsOf(curve: readonly MetricPoint[] | undefined): Point[] {
  return (curve ?? []).map(({ step, value }) => ({ x: step, y: value }));
}

function few(curve: readonly MetricPoint[] | undefined): boolean {
  return (curve?.length ?? 0) <= 20;
}

function fromZero(curve: readonly MetricPoint[] | undefined): readonly [number, number] {
  const highest = (curve ?? []).reduce((most, { value }) => Math.max(most, value), 0);
  return [0, highest * 1.1 || 1];
}

function emptyText(run: Run, name: MetricName): string {
  if (run.status === "queued") return "Waiting for its turn";
  if (run.status !== "running") return "Nothing was recorded";
  const first =
    name.startsWith("denoising") || name.startsWith("nats") || name === "validation_loss"
      ? run.config.validate_every
      : run.config.log_every;
  return `First value at step ${first.toLocaleString("en-US")}`;
}
