/** One slider for every film of a text: shows one noise level at a time. */
import { playThrough } from "./play.js";

const section = document.getElementById("samples");
prepare();
// The page renews the section by itself while the run goes on.
new MutationObserver(prepare).observe(section, { childList: true, subtree: true });
section.addEventListener("input", (event) => {
  const film = event.target.closest(".film");
  if (film) show(film, Number(event.target.value));
});

function prepare() {
  for (const film of section.querySelectorAll(".film:not([data-ready])")) {
    film.dataset.ready = "";
    const slider = film.querySelector("input");
    slider.hidden = false;
    show(film, Number(slider.value));
    if (film.closest("[data-play]")) playThrough(slider, 8000 / (Number(slider.max) + 1));
  }
}

function show(film, index) {
  film.querySelectorAll(".frame").forEach((frame, i) => frame.hidden = i !== index);
}
