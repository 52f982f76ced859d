import { paper as paperTheme } from "../../figures/theme.ts";
import { decodePng, type Pixels, renderSvg } from "../../figures/png.tsx";
import assert from "node:assert/strict";
import {
  formatMeasured,
  formatNumber,
  lineChart,
  smooth,
  sparkline,
  svgToPng,
} from "../../figures/mod.ts";
import { thin } from "../../figures/series.ts";

const FALLING = Array.from({ length: 50 }, (_, i) => ({ x: i * 10, y: Math.exp(-i / 10) }));

function near(picture: Pixels, index: number, color: string, tolerance = 24): boolean {
  return [1, 3, 5].every((start, channel) =>
    Math.abs(
      (picture.data[index * picture.channels + channel] ?? 0) -
        parseInt(color.slice(start, start + 2), 16),
    ) <= tolerance
  );
}

/** How many pixels of a rectangle are near a colour. */
function count(picture: Pixels, color: string, box: [number, number, number, number]): number {
  let found = 0;
  for (let y = box[1]; y < box[3]; y++) {
    for (let x = box[0]; x < box[2]; x++) if (near(picture, y * picture.width + x, color)) found++;
  }
  return found;
}

Deno.test("lineChart() draws its title, its axis labels and each curve in its own colour", async () => {
  const chart = lineChart({
    title: "Training loss",
    xLabel: "training step",
    series: [
      { name: "a", points: FALLING },
      { name: "b", points: FALLING.map(({ x, y }) => ({ x, y: y / 2 })) },
    ],
  });
  const picture = await decodePng(await svgToPng(chart));
  assert.deepEqual([picture.width, picture.height], [480, 280]);
  assert.ok(count(picture, paperTheme.ink, [10, 8, 130, 28]) > 100, "ink where the title stands");
  assert.ok(count(picture, paperTheme.muted, [330, 255, 480, 278]) > 20, "ink of the x label");
  const plot: [number, number, number, number] = [52, 38, 470, 245];
  for (const color of paperTheme.series.slice(0, 2)) {
    assert.ok(count(picture, color, plot) > 150, `no curve in ${color}`);
  }
  assert.equal(count(picture, paperTheme.series[2] ?? "", plot), 0);
});

Deno.test("lineChart() draws text without any font of the machine", async () => {
  const chart = lineChart({ title: "WWWWWWWW", xLabel: "x", series: [] });
  const blank = lineChart({ title: "", xLabel: "x", series: [] });
  const [drawn, empty] = await Promise.all([chart, blank].map(async (svg) => {
    const picture = await decodePng(await svgToPng(svg));
    return count(picture, paperTheme.ink, [0, 0, 480, 34]);
  }));
  assert.ok((drawn ?? 0) > 200 && empty === 0);
});

Deno.test("lineChart() escapes what it is given", () => {
  const chart = lineChart({
    title: `<script>alert(1)</script>`,
    xLabel: `"><img>`,
    series: [{ name: `"onload="x`, points: FALLING }],
  });
  assert.ok(!chart.includes("<script>") && !chart.includes("<img>"));
  assert.ok(!chart.includes(`"onload=`));
});

Deno.test("lineChart() breaks the line at values that cannot be drawn", () => {
  const points = [1, NaN, 2, 0, 4, Infinity, 8].map((y, x) => ({ x, y }));
  const path = (yScale: "log" | "linear") =>
    /<path d="([^"]*)"/.exec(
      lineChart({ title: "t", xLabel: "x", yScale, series: [{ name: "a", points }] }),
    )?.[1] ?? "";
  assert.equal(path("linear").split("M").length - 1, 3, "gaps at NaN and infinity");
  assert.equal(path("log").split("M").length - 1, 4, "and at zero on a log scale");
  assert.ok(!path("log").includes("NaN"));
});

Deno.test("lineChart() says so where there is nothing to draw, and survives one point", () => {
  assert.match(lineChart({ title: "t", xLabel: "x", series: [] }), /No values yet/);
  const one = lineChart({
    title: "t",
    xLabel: "x",
    yScale: "log",
    series: [{ name: "a", points: [{ x: 5, y: 0.5 }] }],
  });
  assert.match(one, /<circle/);
  assert.ok(!one.includes("NaN"));
});

Deno.test("lineChart() keeps the labels at the curves' ends apart", () => {
  const chart = lineChart({
    title: "t",
    xLabel: "x",
    series: ["a", "b", "c", "d"].map((name) => ({ name, points: FALLING })),
  });
  const heights = [...chart.matchAll(/<text x="[\d.]+" y="([\d.]+)" fill="#\w+">[abcd]</g)]
    .map((match) => Number(match[1])).sort((a, b) => a - b);
  assert.equal(heights.length, 4);
  heights.slice(1).forEach((y, index) => assert.ok(y - (heights[index] ?? 0) >= 13.9));
});

Deno.test("sparkline() draws one path and the last point, and nothing from no values", () => {
  const line = sparkline(FALLING, { label: "loss" });
  assert.equal(line.split("<path").length - 1, 1);
  assert.equal(line.split("<circle").length - 1, 1);
  const none = sparkline([], { label: "loss" });
  assert.ok(!none.includes("<path") && !none.includes("NaN") && !none.includes("Infinity"));
});

Deno.test("smooth() leaves a straight line's inside alone and does not trail a falling curve", () => {
  const line = Array.from({ length: 200 }, (_, i) => ({ x: i, y: 3 * i }));
  const middle = smooth(line, 3)[100];
  assert.ok(Math.abs((middle?.y ?? 0) - 300) < 1e-6);
  const noisy = line.map(({ x }) => ({ x, y: x % 2 }));
  const calm = smooth(noisy, 5).slice(40, 160);
  assert.ok(calm.every(({ y }) => Math.abs(y - 0.5) < 0.08));
  assert.deepEqual(smooth([{ x: 0, y: NaN }, { x: 1, y: 2 }], 3), [{ x: 1, y: 2 }]);
});

Deno.test("thin() keeps the ends and every spike", () => {
  const points = Array.from({ length: 5000 }, (_, x) => ({ x, y: x === 1234 ? 99 : x % 7 }));
  const kept = thin(points, 100);
  assert.ok(kept.length <= 100);
  assert.deepEqual([kept[0], kept.at(-1)], [points[0], points.at(-1)]);
  assert.ok(kept.some(({ y }) => y === 99));
  assert.ok(kept.every(({ x }, index) => index === 0 || x > (kept[index - 1]?.x ?? 0)));
});

Deno.test("formatNumber() gives three digits, thousands apart, powers only where needed", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [0.012345, "0.0123"],
    [0.1, "0.1"],
    [12345.6, "12,346"],
    [-2, "−2"],
    [0.00002, "2e−5"],
    [3.2e9, "3.2e9"],
    [NaN, "NaN"],
    [Infinity, "∞"],
    [99.96, "100"],
  ];
  for (const [value, text] of cases) assert.equal(formatNumber(value), text);
});

Deno.test("formatMeasured() keeps three significant digits, zeros too", () => {
  const cases: [number, string][] = [
    [0.089, "0.0890"],
    [0.1, "0.100"],
    [12, "12.0"],
    [1234, "1,234"],
    [-0.5, "−0.500"],
    [0.00002, "2e−5"],
    [NaN, "NaN"],
  ];
  for (const [value, text] of cases) assert.equal(formatMeasured(value), text);
});

Deno.test("lineChart() marks round numbers on a narrow log axis", () => {
  const chart = lineChart({
    title: "t",
    xLabel: "x",
    yScale: "log",
    series: [{ name: "a", points: [{ x: 0, y: 0.642 }, { x: 1, y: 0.505 }] }],
  });
  const marks = [...chart.matchAll(/text-anchor="end">(0\.\d+)</g)].map((match) => match[1]);
  assert.ok(marks.length >= 2, `marks are ${marks}`);
  assert.ok(marks.every((mark) => Number(mark) >= 0.505 && Number(mark) <= 0.642));
  assert.ok(!marks.includes("0.642") && !chart.includes("NaN"));
});

/** Contrast of two colours as WCAG 2.2 defines it. */
function contrast(a: string, b: string): number {
  const luminance = (color: string) =>
    [0.2126, 0.7152, 0.0722].reduce((sum, weight, channel) => {
      const value = parseInt(color.slice(1 + 2 * channel, 3 + 2 * channel), 16) / 255;
      return sum + weight * (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    }, 0);
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

Deno.test("Every colour of the palette can be read as text on its background", () => {
  for (const color of [paperTheme.ink, paperTheme.muted, ...paperTheme.series]) {
    assert.ok(contrast(color, "#ffffff") >= 4.5, `${color} on white`);
  }
});

Deno.test("The page's light palette is the figures' palette, and its dark one can be read too", () => {
  const css = Deno.readTextFileSync(new URL("../../web/static/style.css", import.meta.url));
  const colors = [...css.matchAll(/--series-\d: (#\w{6});/g)].map((match) => match[1] ?? "");
  assert.deepEqual(colors.slice(0, 8), paperTheme.series);
  assert.equal(colors.length, 16);
  for (const color of colors.slice(8)) assert.ok(contrast(color, "#191c20") >= 4.5, color);
});

Deno.test("renderSvg() draws on another thread, so that a server answers meanwhile", async () => {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="900">${
    Array.from({ length: 200 }, (_, i) => `<text x="${i}" y="${4 * i}">log-SNR</text>`).join("")
  }</svg>`;
  await renderSvg(svg);
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  await renderSvg(svg);
  clearInterval(timer);
  assert.ok(turns > 0);
});
