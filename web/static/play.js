/** Moves a film's slider from its first moment to its last, until the person takes it. */
export function playThrough(slider, milliseconds) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  slider.value = 0;
  const timer = setInterval(() => {
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    if (slider.value === slider.max) clearInterval(timer);
    else slider.value = Number(slider.value) + 1;
  }, Math.max(30, milliseconds));
  slider.addEventListener("pointerdown", () => clearInterval(timer), { once: true });
}
