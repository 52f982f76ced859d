/** One slider of time for all schedules: digit, verse, numbers, and a line through the charts. */
const slider = document.getElementById("time");
const output = document.getElementById("time-value");
const times = slider.dataset.times.split(" ");
const strips = new Map();

for (const canvas of document.querySelectorAll("canvas[data-strip]")) {
  const strip = new Image();
  strip.addEventListener("load", () => show());
  strip.src = canvas.dataset.strip;
  strips.set(canvas, strip);
  canvas.closest(".moment").hidden = false;
  // A click on the strip chooses the time under it.
  const whole = canvas.closest(".schedule").querySelector("img.strip");
  whole.addEventListener("click", (event) => {
    const box = whole.getBoundingClientRect();
    slider.value = Math.floor((event.clientX - box.left) / box.width * times.length);
    show();
  });
}
slider.closest(".slider").hidden = false;
slider.addEventListener("input", show);
show();

function show() {
  const index = Number(slider.value);
  output.value = times[index];
  for (const [canvas, strip] of strips) {
    if (!strip.complete || strip.naturalWidth === 0) continue;
    const pen = canvas.getContext("2d");
    pen.drawImage(
      strip,
      index * canvas.width,
      0,
      canvas.width,
      canvas.height,
      0,
      0,
      canvas.width,
      canvas.height,
    );
  }
  for (const lines of document.querySelectorAll(".lines")) {
    lines.querySelectorAll(".frame").forEach((frame, i) => frame.hidden = i !== index);
  }
  for (const value of document.querySelectorAll("dd[data-values]")) {
    value.textContent = value.dataset.values.split(" ")[index];
  }
  for (const chart of document.querySelectorAll("svg.chart")) {
    const [left, top, right, bottom] = chart.dataset.plot.split(" ").map(Number);
    const x = left + (right - left) * index / Math.max(1, times.length - 1);
    let line = chart.querySelector("line.time");
    if (line === null) {
      line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      line.setAttribute("class", "time");
      chart.append(line);
    }
    for (const [name, value] of Object.entries({ x1: x, x2: x, y1: top, y2: bottom })) {
      line.setAttribute(name, value);
    }
  }
}
