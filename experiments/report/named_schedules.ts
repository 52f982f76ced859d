/** The noise schedules of reports. Those of text load TensorFlow.js, so this module is loaded on demand. */
import { schedule, type ScheduleName, scheduleNames } from "../../models/diffusion/mod.ts";
import { EMBEDDING_DIMENSION, priorNats } from "../../models/text/network/mod.ts";
import { presets, type TextConfig } from "../config/mod.ts";
import { noiseRange } from "../text/network.ts";
import { type InspectedSchedule, zeroTerminal } from "./schedule_sources.ts";

/** Returns the schedule of a name in `inspectedSchedules`. */
export function scheduleNamed(name: string): InspectedSchedule {
  const own = scheduleNames.find((known) => known === name);
  if (own) return schedule(own);
  const rescaled = scheduleNames.find((known) => zeroTerminal(known) === name);
  if (rescaled) return rescaledSchedule(rescaled);
  const config: TextConfig = { ...TEXT, schedule: name as TextConfig["schedule"] };
  const { gamma } = noiseRange(config);
  const { gamma_start, gamma_end } = config;
  return {
    name,
    gamma,
    forEmbeddings: true,
    description: `${DESCRIPTIONS[name]}, from ${gamma_start} to ${gamma_end}`,
  };
}

/** Returns the prior term of the bound for unit-norm embeddings at this level, in nats per character. */
export function priorNatsOf(gamma: number): number {
  return gamma === Infinity ? 0 : priorNats(gamma, EMBEDDING_DIMENSION, 1);
}

const TEXT = presets["shakespeare-diffusion"].config as TextConfig;
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  "logistic-gamma": "For embeddings: -log SNR rises slowly where characters are decided",
  "adaptive-gamma":
    "For embeddings: levels are drawn where a run finds its bound to be made up; here as it starts, " +
    "like logistic-gamma",
  "linear-gamma": "For embeddings: -log SNR rises evenly",
};

function rescaledSchedule(name: ScheduleName): InspectedSchedule {
  const { gamma, description } = schedule(name, { zeroTerminalSnr: true });
  return { name: zeroTerminal(name), gamma, description };
}
