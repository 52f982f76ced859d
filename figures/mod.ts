/** Pictures of runs: plots as SVG, contact sheets and film strips as PNG. */
export {
  alignedSeries,
  comparisonFigure,
  metricTitle,
  parameterText,
  runColors,
} from "./comparison_figure.tsx";
export { blockChart } from "./small_charts.tsx";
export { type ContactSheet, contactSheet } from "./contact_sheet.ts";
export { type FilmFrame, type FilmStrip, filmStrip } from "./contact_sheet.ts";
export { formatMeasured, formatNumber } from "./theme.ts";
export { type LineChart, lineChart, type Series } from "./line_chart.tsx";
export { decodePng, encodePng, type Pixels, svgToPng } from "./png.tsx";
export {
  FILM_EXAMPLES,
  noiseShare,
  sampleMoment,
  samplePicture,
  sampleSettings,
  sampleTitle,
} from "./sample_picture.ts";
export { sideBySide } from "./sample_picture.ts";
export { samplePng } from "./sample_picture.ts";
export { type Detail, pngForModel, sampleForModel } from "./for_models.ts";
export { forwardStrip, scheduleCharts, scheduleFigure } from "./schedule_figure.tsx";
export { calmingHalfLife, type Point, smooth } from "./series.ts";
export { sparkline } from "./small_charts.tsx";
export { page as pageTheme, paper as paperTheme, type Theme } from "./theme.ts";
export { formingPicture } from "./forming.ts";
