/** Durations for people. */

const inSeconds = new Intl.DurationFormat("en", { style: "short", secondsDisplay: "always" });
const inMinutes = new Intl.DurationFormat("en", { style: "short", minutesDisplay: "always" });

/** "45 sec", "12 min", "3 hr, 5 min". */
export function duration(seconds: number): string {
  if (seconds < 90) return inSeconds.format({ seconds: Math.round(seconds) });
  const minutes = Math.round(seconds / 60);
  return minutes < 90
    ? inMinutes.format({ minutes })
    : inMinutes.format({ hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}
