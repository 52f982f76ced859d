/** What every page does: times in the reader's words, curves that answer the pointer, live regions. */
import { watchCharts } from "./charts.js";
import { keepFresh } from "./live.js";
import { showTimes } from "./times.js";

keepFresh(() => showTimes());
showTimes();
watchCharts();
setInterval(showTimes, 30_000);
