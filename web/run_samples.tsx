import type { RunReport, Sample } from "../experiments/mod.ts";
import { Ask, creationStamp, runUrl, SampleFigure } from "./layout.tsx";

const SAMPLES_AT_ONCE = 12;
const STARTS_AT_ONCE = 2;
/** Largest number of rows of a side-by-side picture. */
const MOST_BESIDE = 8;

/** The samples of a run, newest first, and samples with the same initial noise side by side. */
export function Samples({ report }: { report: RunReport }) {
  const { run } = report;
  const newest = report.samples.toReversed();
  if (newest.length === 0) {
    return (
      <div class="empty">
        <p>
          {run.checkpointStep === null
            ? "There is nothing to sample from before the first checkpoint."
            : "No samples yet. Say to your assistant:"}
        </p>
        {run.checkpointStep !== null && (
          <Ask say={`Show me samples of ${run.id}.`} tool="sample" arguments={{ run: run.id }} />
        )}
      </div>
    );
  }
  const figure = (index: number) => {
    const sample = newest[index];
    return sample && <SampleFigure sample={sample} lazy={index > 1} />;
  };
  return (
    <>
      {sharedStarts(report.samples).toReversed().slice(0, STARTS_AT_ONCE).map((start) => (
        <SideBySide start={start} runId={run.id} />
      ))}
      <div class="samples">
        {newest.slice(0, SAMPLES_AT_ONCE).map((_, index) => figure(index))}
      </div>
      {newest.length > SAMPLES_AT_ONCE && (
        <details id="more-samples">
          <summary>{newest.length - SAMPLES_AT_ONCE} older samples</summary>
          <div class="samples">
            {newest.slice(SAMPLES_AT_ONCE).map((_, index) => figure(index + SAMPLES_AT_ONCE))}
          </div>
        </details>
      )}
    </>
  );
}

/** Samples with the same initial noise and different settings. */
function SideBySide({ start, runId }: { start: SharedStart; runId: string }) {
  const ids = start.samples.map(({ id }) => id).slice(-MOST_BESIDE);
  const made = creationStamp(start.samples.at(-1)!);
  const address = `${runUrl(runId)}/side-by-side.png?samples=${ids.join(",")}&v=${made}`;
  return (
    <figure class="sample">
      <a href={address} aria-label="Side by side in full size">
        <img src={address} alt={`${ids.length} ways from one starting noise, side by side`} />
      </a>
      <figcaption>
        <b>{ids.length} ways from one starting noise</b> at step{" "}
        {start.step.toLocaleString("en-US")}, seed {start.seed}
      </figcaption>
    </figure>
  );
}

/** Samples of a run with the same initial noise. */
export interface SharedStart {
  readonly step: number;
  readonly seed: number;
  /** Oldest first; of samples with equal settings only the newest. */
  readonly samples: readonly Sample[];
}

/** Number of images of each sample in a side-by-side picture. */
export const SIDE_BY_SIDE = 10;

/**
 * Groups samples with the same weights, seed and classes; groups have at least two samples. Samples of in-painting
 * and image-to-image are excluded.
 */
export function sharedStarts(samples: readonly Sample[]): SharedStart[] {
  const free = samples.filter(({ settings }) => settings.pictures === undefined);
  const groups = Map.groupBy(free, ({ step, settings: { seed, count, classes } }) => {
    const shown = Math.min(count, SIDE_BY_SIDE);
    return JSON.stringify([step, seed, shown, classes.slice(0, shown)]);
  });
  return [...groups.values()].flatMap((group) => {
    const byRecipe = new Map(group.map((sample) => [samplingSettings(sample), sample]));
    const [first] = group;
    if (first === undefined || byRecipe.size < 2) return [];
    return { step: first.step, seed: first.settings.seed, samples: [...byRecipe.values()] };
  });
}

/** Returns the settings of a sample without its film strip. */
function samplingSettings({ settings }: Sample): string {
  const { film_strip: _, made_by: __, count: ___, classes: ____, ...recipe } = settings;
  return JSON.stringify(recipe);
}
