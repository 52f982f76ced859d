/** Pictures of runs: plots as SVG, contact sheets and film strips as PNG. */
export {
  alignedSeries,
  blockChart,
  metricTitle,
  parameterText,
  runColors,
  sparkline,
} from "./run_charts.tsx";
export { formatMeasured, formatNumber, page as pageTheme } from "./theme.ts";
export { lineChart, type Series } from "./line_chart.tsx";
export { svgToPng } from "./png.tsx";
export {
  FILM_EXAMPLES,
  noiseShare,
  sampleMoment,
  samplePng,
  sampleSettings,
  sampleTitle,
  sideBySide,
} from "./sample_picture.ts";
export { pngForModel, sampleForModel } from "./for_models.ts";
export { forwardStrip, scheduleCharts, scheduleFigure } from "./schedule_figure.tsx";
export { type Point, smooth, smoothingHalfLife } from "./series.ts";
export { formingPicture } from "./forming.ts";
