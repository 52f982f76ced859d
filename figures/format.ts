/**
 * A number for people: about `digits` significant digits, no needless zeros, thousands set apart,
 * powers of ten only where plain digits would be hard to read.
 */
export function formatNumber(value: number, digits = 3): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const magnitude = Math.abs(value);
  if (magnitude < 1e-3 || magnitude >= 1e7) {
    const [mantissa = "0", exponent = "0"] = value.toExponential(digits - 1).split("e");
    return `${Number(mantissa)}e${Number(exponent)}`.replaceAll("-", "−");
  }
  const rounded = magnitude >= 10 ** digits ? Math.round(value) : Number(value.toPrecision(digits));
  return rounded.toLocaleString("en-US", { maximumFractionDigits: 10 }).replace("-", "−");
}

/** A measured number with all its three significant digits, zeros too, so that columns compare. */
export function formatMeasured(value: number): string {
  const magnitude = Math.abs(value);
  return magnitude >= 1e-3 && magnitude < 1000
    ? value.toPrecision(3).replace("-", "−")
    : formatNumber(value);
}

/** A stretch of time for people: "4 s", "2 min 10 s", "1 h 05 min", "3 d 4 h". */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "unknown";
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  if (whole < 86_400) {
    return `${Math.floor(whole / 3600)} h ${pad(Math.floor(whole / 60) % 60)} min`;
  }
  return `${Math.floor(whole / 86_400)} d ${Math.floor(whole / 3600) % 24} h`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
