/** One slider for every film of pictures: x_t above x̂ at one noise level at a time. */
import { playThrough } from "./play.js";

const section = document.getElementById("samples");
prepare();
// The page renews the section by itself while the run goes on.
new MutationObserver(prepare).observe(section, { childList: true, subtree: true });

async function prepare() {
  for (const figure of section.querySelectorAll("figure[data-film]:not([data-ready])")) {
    figure.dataset.ready = "";
    const response = await fetch(figure.dataset.film);
    if (!response.ok) continue;
    addSlider(figure, (await response.json()).moments);
  }
}

function addSlider(figure, moments) {
  const picture = figure.querySelector("img");
  const label = document.createElement("label");
  label.className = "slider";
  const words = document.createElement("span");
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: 0, max: moments.length, step: 1 });
  const strip = picture.src;
  const show = () => {
    const moment = moments[slider.value];
    words.textContent = moment ? `Step ${moment.step}, noise ${moment.noise}` : "The whole strip";
    picture.src = moment ? moment.picture : strip;
  };
  slider.addEventListener("input", show);
  slider.value = moments.length;
  label.append(words, slider);
  figure.querySelector("figcaption").append(label);
  show();
  if (figure.closest("[data-play]")) playThrough(slider, 350);
  // So that no moment blinks when it is first shown.
  slider.addEventListener("pointerdown", () => {
    for (const { picture } of moments) new Image().src = picture;
  }, { once: true });
}
