import type { Lab } from "../experiments/mod.ts";

/**
 * A sentence where the weights of `step` were used because a newer checkpoint is damaged, with a
 * space before it; nothing otherwise.
 */
export function damageNote(lab: Lab, runId: string, step: number): string {
  const { checkpointStep } = lab.run(runId);
  if (checkpointStep === null || step >= checkpointStep) return "";
  const [newest] = lab.inspect(runId).alerts.filter(({ code }) => code === "checkpoint-damaged");
  return newest ? ` ${newest.message}.` : "";
}
