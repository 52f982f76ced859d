/** Colours, sizes and number formats that all figures share. */
/**
 * The one visual language of all figures: Okabe and Ito's colour-blind-safe hues, darkened or
 * lightened to a contrast of at least 4.5:1 against their background, so that a label can wear its
 * curve's colour.
 */
export interface Theme {
  /** `null` leaves the figure transparent, for pages that bring their own background. */
  readonly background: string | null;
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly series: readonly string[];
}

const SERIES_COUNT = 8;

/** For pictures that stand alone: PNG in tool results, SVG files. */
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

/** For figures inside a page: every colour is a CSS variable, so that one SVG serves light and dark. */
export const page: Theme = {
  background: null,
  ink: "var(--ink)",
  muted: "var(--muted)",
  grid: "var(--grid)",
  series: Array.from({ length: SERIES_COUNT }, (_, index) => `var(--series-${index})`),
};

/** The colour of the series with this index; the hues repeat after eight. */
export function seriesColor(theme: Theme, index: number): string {
  return theme.series[index % theme.series.length] ?? theme.ink;
}

/** Beyond eight series the hues repeat, so the stroke changes as well; `undefined` is a solid line. */
export function seriesDash(theme: Theme, index: number): string | undefined {
  return [undefined, "6 3", "2 3", "8 3 2 3"][Math.floor(index / theme.series.length) % 4];
}

/** Width of a text in pixels, near enough for layout: DejaVu Sans averages 0.56 em a character. */
export function textWidth(text: string, fontSize: number): number {
  return [...text].length * fontSize * 0.56;
}

/** Resolves to the machine's own font in a page and to the bundled DejaVu Sans in a PNG. */
export const FONT_FAMILY = "system-ui, 'DejaVu Sans', sans-serif";

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
