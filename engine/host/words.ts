/** Numbers and lists as a person would write them in a sentence. */

const lists = new Intl.ListFormat("en-GB");

/**
 * "a, b and c"; a longer list ends in the number of the others, "a, b and 7 more".
 *
 * @param most Largest number of words that are named.
 */
export function listed(words: readonly string[], most = 10): string {
  const left = words.length - most;
  return lists.format(left > 0 ? [...words.slice(0, most), `${left} more`] : words);
}

/** "one run", "4 runs". */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return count === 1 ? `one ${noun}` : `${count} ${plural}`;
}

const lasting = new Intl.DurationFormat("en", { style: "short" });
const inSeconds = new Intl.DurationFormat("en", {
  style: "short",
  secondsDisplay: "always",
  milliseconds: "numeric",
});

/** "0.4 sec", "45 sec", "12 min", "3 hr, 5 min", "2 days, 4 hr"; "unknown" for what is no duration. */
export function duration(seconds: number): string {
  if (!(seconds >= 0 && seconds < Infinity)) return "unknown";
  if (seconds < 90) {
    const tenths = seconds < 9.95 ? Math.round(10 * seconds) : 10 * Math.round(seconds);
    return inSeconds.format({
      seconds: Math.floor(tenths / 10),
      milliseconds: 100 * (tenths % 10),
    });
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return lasting.format({ minutes });
  const hours = Math.round(minutes / 60);
  return hours < 36
    ? lasting.format({ hours: Math.floor(minutes / 60), minutes: minutes % 60 })
    : lasting.format({ days: Math.floor(hours / 24), hours: hours % 24 });
}
