const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const UNITS = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];

/** Writes every time on the page relative to now, with the reader's own clock as a hint. */
export function showTimes() {
  for (const element of document.querySelectorAll("time[datetime]")) {
    const time = new Date(element.dateTime);
    const text = sayRelative((time.getTime() - Date.now()) / 1000, time);
    if (element.textContent === text) continue;
    element.textContent = text;
    element.title = absolute.format(time);
  }
}

function sayRelative(seconds, time) {
  if (Math.abs(seconds) < 45) return "just now";
  if (Math.abs(seconds) > 6 * 86_400) {
    return new Intl.DateTimeFormat(undefined, { dateStyle: "medium" }).format(time);
  }
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length);
  return relative.format(Math.round(seconds / size), unit);
}
