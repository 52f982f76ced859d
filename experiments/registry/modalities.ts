/** The modalities; a further one is a folder beside `image/` and `text/`, and a line here. */
import type { RunConfig } from "../config/mod.ts";
import { image } from "../image/modality.ts";
import type { Modality } from "../run/modality.ts";
import type { OpenSubject } from "../run/subject.ts";
import type { Run } from "../store/run.ts";
import { text } from "../text/modality.ts";
import type { RankingMetric } from "../store/metrics.ts";

const modalities: { readonly [Name in RunConfig["modality"]]: Modality } = { image, text };

/** The modality of this name. */
export function modalityNamed(name: RunConfig["modality"]): Modality {
  return modalities[name];
}

/** The modality of a run, or of anything with a configuration. */
export function modalityOf({ config }: { readonly config: RunConfig }): Modality {
  return modalities[config.modality];
}

/** The metric that a run is ranked by. */
export function metricOf(run: Pick<Run, "config">): RankingMetric {
  return modalityOf(run).metric;
}

/** The newest value of the metric that a run is ranked by; null before the first validation. */
export function scoreOf(run: Run): number | null {
  return run.latest[metricOf(run).name] ?? null;
}

/** What a configuration trains, by its modality. */
export const openSubject: OpenSubject = async (config, options) =>
  await (await modalityOf({ config }).load()).openSubject(config, options);
