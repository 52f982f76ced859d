/** Values under the pointer (or the arrow keys) on every line chart. */
const SVG = "http://www.w3.org/2000/svg";
let tip;
let current;

export function watchCharts() {
  document.addEventListener("pointermove", (event) => {
    const chart = event.target.closest?.("svg.chart");
    if (chart) point(chart, chartX(chart, event.clientX));
    else leave();
  });
  document.addEventListener("focusin", (event) => {
    const chart = event.target.closest?.("svg.chart");
    if (chart) point(chart, plotOf(chart).right);
  });
  document.addEventListener("focusout", leave);
  document.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const chart = event.target.closest?.("svg.chart");
    if (!chart || !step) return;
    event.preventDefault();
    const xs = [...new Set(curvesOf(chart).flatMap((curve) => curve.points.map(([px]) => px)))]
      .sort((a, b) => a - b);
    const at = current?.chart === chart ? nearest(xs, current.x) : xs.length - 1;
    const next = xs[Math.max(0, Math.min(xs.length - 1, at + step))];
    if (next !== undefined) point(chart, next);
  });
  const focusable = () => {
    for (const chart of document.querySelectorAll("svg.chart:not([tabindex])")) {
      chart.setAttribute("tabindex", "0");
    }
  };
  focusable();
  new MutationObserver(focusable).observe(document.body, { childList: true, subtree: true });
}

function plotOf(chart) {
  const [left, top, right, bottom] = chart.dataset.plot.split(" ").map(Number);
  return { left, top, right, bottom };
}

function chartX(chart, clientX) {
  const box = chart.getBoundingClientRect();
  return (clientX - box.left) * chart.viewBox.baseVal.width / box.width;
}

/** Each named curve with its points as [pixel x, pixel y, x, y]. */
function curvesOf(chart) {
  return [...chart.querySelectorAll("path[data-points]")].map((path) => ({
    name: path.dataset.name,
    color: path.getAttribute("stroke"),
    points: path.dataset.points.split(";").filter(Boolean)
      .map((point) => point.split(" ").map(Number)),
  })).filter((curve) => curve.points.length > 0);
}

function nearest(values, x) {
  let best = 0;
  values.forEach((value, index) => {
    if (Math.abs(value - x) < Math.abs(values[best] - x)) best = index;
  });
  return best;
}

function point(chart, x) {
  const { left, top, right, bottom } = plotOf(chart);
  const curves = curvesOf(chart);
  if (x < left - 12 || x > right + 12 || curves.length === 0) return leave();
  const picked = curves.map((curve) => ({
    ...curve,
    at: curve.points[nearest(curve.points.map(([px]) => px), x)],
  }));
  const focus = picked.reduce((a, b) => Math.abs(b.at[0] - x) < Math.abs(a.at[0] - x) ? b : a).at;
  const shown = picked.filter((curve) => Math.abs(curve.at[0] - focus[0]) < 12);
  leave();
  current = { chart, x: focus[0] };
  const layer = document.createElementNS(SVG, "g");
  layer.setAttribute("class", "cursor");
  layer.append(make("line", { x1: focus[0], x2: focus[0], y1: top, y2: bottom }));
  for (const curve of shown) {
    layer.append(make("circle", { cx: curve.at[0], cy: curve.at[1], r: 3.5, fill: curve.color }));
  }
  chart.append(layer);
  showTip(chart, focus, shown);
}

function make(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function showTip(chart, focus, shown) {
  tip ??= document.body.appendChild(document.createElement("div"));
  tip.className = "tip";
  tip.setAttribute("role", "status");
  const head = document.createElement("b");
  head.textContent = `${chart.dataset.x} ${focus[2].toLocaleString("en-US")}`;
  tip.replaceChildren(
    head,
    ...shown.toSorted((a, b) => a.at[1] - b.at[1]).slice(0, 12).map((curve) => {
      const row = document.createElement("span");
      const dot = document.createElement("i");
      dot.style.background = curve.color;
      const value = document.createElement("em");
      value.textContent = curve.at[3].toLocaleString("en-US", { maximumSignificantDigits: 4 });
      row.append(dot, `${curve.name} `, value);
      return row;
    }),
  );
  tip.hidden = false;
  const box = chart.getBoundingClientRect();
  const x = box.left + focus[0] * box.width / chart.viewBox.baseVal.width;
  const flip = x + 16 + tip.offsetWidth > document.documentElement.clientWidth;
  tip.style.left = `${scrollX + Math.max(4, flip ? x - 14 - tip.offsetWidth : x + 14)}px`;
  tip.style.top = `${
    scrollY + box.top + plotOf(chart).top * box.width / chart.viewBox.baseVal.width
  }px`;
}

function leave() {
  current?.chart.querySelector("g.cursor")?.remove();
  current = undefined;
  if (tip) tip.hidden = true;
}
