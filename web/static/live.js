/**
 * Keeps a page fresh by asking for it again and replacing the regions that changed. The server answers
 * "not modified" for free, and an ordinary request survives sleeping laptops and restarted servers,
 * and takes none of the six connections that a browser grants a host, as an event stream would.
 */
export function keepFresh(onChange) {
  const seconds = Number(document.body.dataset.refresh);
  if (!(seconds > 0)) return;
  const shown = contentsOf(document);
  let failures = 0;
  let timer;

  async function look() {
    clearTimeout(timer);
    if (!document.hidden) {
      try {
        // The browser's cache revalidates with the page's ETag by itself.
        const response = await fetch(location.href, { cache: "no-cache" });
        if (!response.ok) throw new Error(`the server answered ${response.status}`);
        const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
        if (replaceChanged(fresh, shown)) onChange();
        document.body.dataset.refresh = fresh.body.dataset.refresh ?? "";
        failures = 0;
      } catch {
        failures++;
      }
      sayConnection(failures);
    }
    const wait = Number(document.body.dataset.refresh) || 10;
    timer = setTimeout(look, 1000 * Math.min(30, wait * 2 ** Math.min(failures, 4)));
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
  timer = setTimeout(look, 1000 * seconds);
}

/** The live regions as the server sent them, by id, before any script touched them. */
function contentsOf(page) {
  const regions = page.querySelectorAll("[data-live][id]");
  return new Map([...regions].map((region) => [region.id, region.innerHTML]));
}

function replaceChanged(fresh, shown) {
  let changed = false;
  for (const [id, content] of contentsOf(fresh)) {
    const region = document.getElementById(id);
    if (region === null || shown.get(id) === content) continue;
    keepingState(region, () => region.innerHTML = content);
    shown.set(id, content);
    changed = true;
  }
  return changed;
}

/** Ticks, opened details and the focus stay where the reader put them. */
function keepingState(region, replace) {
  const ticked = [...region.querySelectorAll("input[id]:checked")].map((box) => box.id);
  const opened = [...region.querySelectorAll("details[id][open]")].map((details) => details.id);
  const active = region.contains(document.activeElement) ? document.activeElement : null;
  const href = active?.getAttribute("href");
  replace();
  for (const id of ticked) {
    const box = document.getElementById(id);
    if (box) box.checked = true;
  }
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  if (active === null) return;
  const again = active.id
    ? document.getElementById(active.id)
    : href && region.querySelector(`a[href="${CSS.escape(href)}"]`);
  again?.focus({ preventScroll: true });
}

function sayConnection(failures) {
  const line = document.getElementById("connection");
  line.hidden = failures < 2;
  const text = failures < 2 ? "" : "The server does not answer; trying again";
  if (line.textContent !== text) line.textContent = text;
}
