/** Colours, sizes and number formats that all figures share. */

/**
 * The colours of all figures: the colour-blind-safe hues of Okabe and Ito, darkened or lightened to a contrast of
 * at least 4.5:1 against the background, so that labels can have the colour of their curve.
 */
export interface Theme {
  /** Background colour; `null` for a transparent figure on a page. */
  readonly background: string | null;
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly series: readonly string[];
}

const SERIES_COUNT = 8;

/** Theme of standalone pictures: PNG in tool results, SVG files. */
export const paper: Theme = {
  background: "#ffffff",
  ink: "#1b1f24",
  muted: "#5c6570",
  grid: "#e6e9ed",
  series: [
    "#0072b2",
    "#c04f00",
    "#00845f",
    "#b0508a",
    "#946b00",
    "#1d78a8",
    "#6b4fa0",
    "#5c6570",
  ],
};

/** Theme of figures in a page: colours are CSS variables, so that an SVG supports light and dark mode. */
export const page: Theme = {
  background: null,
  ink: "var(--ink)",
  muted: "var(--muted)",
  grid: "var(--grid)",
  series: Array.from({ length: SERIES_COUNT }, (_, index) => `var(--series-${index})`),
};

/** Returns the colour of the series with this index; colours repeat after eight. */
export function seriesColor(theme: Theme, index: number): string {
  return theme.series[index % theme.series.length] ?? theme.ink;
}

/** Returns the dash pattern of a series, which changes when colours repeat; `undefined` is a solid line. */
export function seriesDash(theme: Theme, index: number): string | undefined {
  return [undefined, "6 3", "2 3", "8 3 2 3"][Math.floor(index / theme.series.length) % 4];
}

/** Estimates the width of a text in pixels: DejaVu Sans has an average of 0.56 em per character. */
export function textWidth(text: string, fontSize: number): number {
  return [...text].length * fontSize * 0.56;
}

/** The system font in a page, the bundled DejaVu Sans in a PNG. */
export const FONT_FAMILY = "system-ui, 'DejaVu Sans', sans-serif";

/**
 * Formats a number with about `digits` significant digits, thousands separators and no trailing zeros. Very small
 * and very large numbers have an exponent.
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

/** Formats a measurement with three significant digits, including trailing zeros. */
export function formatMeasured(value: number): string {
  const magnitude = Math.abs(value);
  return magnitude >= 1e-3 && magnitude < 1000
    ? value.toPrecision(3).replace("-", "−")
    : formatNumber(value);
}
