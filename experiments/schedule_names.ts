/** The noise schedules that can be looked at, without loading what they name. */
import { ImageConfig, TextConfig } from "./config.ts";

const images = ImageConfig.shape.schedule.options;
const texts = TextConfig.shape.schedule.options;

/** Those of images; then, rescaled to end in pure noise, those that do not; then those of text alone. */
export const inspectedSchedules: readonly string[] = [
  ...images,
  ...["linear", "scaled-linear", "cosine", "sigmoid", "sqrt"].map(zeroTerminal),
  ...texts.filter((name) => !(images as readonly string[]).includes(name)),
];

/** The name of a schedule rescaled to zero terminal SNR. */
export function zeroTerminal(name: string): string {
  return `${name}-zero-snr`;
}
