/**
 * The viewer in a real browser: `deno task test:browser`. `CHROMIUM` names another browser than
 * Debian's; `-- --screenshots DIR` keeps a picture of every page, light, dark and on a phone.
 */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import axePackage from "axe-core/package.json" with { type: "json" };
import { openJournal } from "../../journal/mod.ts";
import { createApp } from "../../web/mod.tsx";
import {
  emptyWorkspace,
  type ExampleWorkspace,
  exampleWorkspace,
} from "../web/example_workspace.ts";

const { values: options } = parseArgs({
  args: Deno.args,
  options: { screenshots: { type: "string" } },
});
const AXE = readFileSync(
  fileURLToPath(import.meta.resolve(`${axePackage.name}/axe.min.js`)),
  "utf8",
);
const LOOKS = {
  light: { viewport: { width: 1280, height: 800 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 800 }, colorScheme: "dark" },
  phone: { viewport: { width: 375, height: 800 }, colorScheme: "light" },
} as const satisfies Record<string, BrowserContextOptions>;
type Look = keyof typeof LOOKS;

/** Chromium with a fresh profile, closed in the end. */
async function launch(): Promise<Browser & AsyncDisposable> {
  return await chromium.launch({
    executablePath: Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

function serve(app: ReturnType<typeof createApp>) {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, app.fetch);
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A tab that remembers everything that went wrong in it. */
async function openTab(browser: Browser, look: Look) {
  const context = await browser.newContext(LOOKS[look]);
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") troubles.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => troubles.push(`uncaught: ${error.message}`));
  page.on("requestfailed", (request) => {
    // Leaving a page ends the request by which it keeps itself fresh.
    if (request.failure()?.errorText === "net::ERR_ABORTED") return;
    troubles.push(`failed: ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) troubles.push(`${response.status()}: ${response.url()}`);
  });
  return { page, troubles, [Symbol.asyncDispose]: () => context.close() };
}

async function writeEntry({ lab, sweepIds }: ExampleWorkspace): Promise<string> {
  const journal = await openJournal(lab);
  return journal.write({
    title: "Cosine beats linear",
    hypothesis: "The cosine schedule reaches a **lower** error with the same steps",
    runs: sweepIds,
    tags: ["schedule"],
  }).id;
}

/** The last training step that the loss curve on the page reaches. */
function lastStep(page: Page): Promise<number> {
  return page.locator('path[data-name="Training loss"]').evaluate((path) =>
    Number(path.getAttribute("data-points")?.split(";").at(-1)?.split(" ")[2])
  );
}

Deno.test("Every page looks right in light, in dark and on a phone, without a single error", async (t) => {
  await using example = await exampleWorkspace();
  await using empty = emptyWorkspace();
  const entry = await writeEntry(example);
  await using site = serve(createApp(example.lab));
  await using emptySite = serve(createApp(empty.lab));
  const pages: Record<string, string> = {
    runs: `${site.origin}/`,
    run: `${site.origin}/runs/image-0001`,
    running: `${site.origin}/runs/${example.runningId}`,
    text: `${site.origin}/runs/${example.textId}`,
    failed: `${site.origin}/runs/image-0006`,
    compare: `${site.origin}/compare?runs=${example.sweepIds.join(",")}`,
    choose: `${site.origin}/compare`,
    journal: `${site.origin}/journal`,
    entry: `${site.origin}/journal/${entry}`,
    schedules: `${site.origin}/schedules?dataset=made-up-digits`,
    empty: `${emptySite.origin}/`,
  };
  await using browser = await launch();
  if (options.screenshots) mkdirSync(options.screenshots, { recursive: true });
  for (const look of Object.keys(LOOKS) as Look[]) {
    await t.step(look, async () => {
      await using tab = await openTab(browser, look);
      const { page, troubles } = tab;
      for (const [name, address] of Object.entries(pages)) {
        await page.goto(address, { waitUntil: "load" });
        const width = await page.evaluate("document.documentElement.scrollWidth");
        assert.equal(width, LOOKS[look].viewport.width, `${name} is wider than the ${look} window`);
        await page.evaluate(AXE);
        const faults = await page.evaluate(
          "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa'] }).then(({ violations }) =>" +
            " violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).slice(0, 3).join(' ')}`))",
        );
        assert.deepEqual(faults, [], `${name} in ${look} is not accessible`);
        // Pictures below the fold load when they come into view.
        await page.evaluate(
          "Promise.all([...document.images].map((img) => { img.loading = 'eager';" +
            " return img.complete || new Promise((done) => { img.onload = img.onerror = done; }); }))" +
            ".then(() => undefined)",
        );
        const broken = await page.evaluate(
          "[...document.images].filter((img) => img.naturalWidth === 0).map((img) => img.src)",
        );
        assert.deepEqual(broken, []);
        if (options.screenshots) {
          const path = join(options.screenshots, `${name}-${look}.png`);
          await page.screenshot({ path, fullPage: true });
        }
      }
      assert.deepEqual(troubles, []);
    });
  }
});

Deno.test("An open page follows the run: the curve grows and keeps what the reader did", async (t) => {
  await using example = await exampleWorkspace();
  await using site = serve(createApp(example.lab));
  await using browser = await launch();

  await t.step("the loss curve reaches new steps while the page is open", async () => {
    await using tab = await openTab(browser, "light");
    const { page, troubles } = tab;
    await page.goto(`${site.origin}/runs/${example.runningId}`);
    await page.getByText("More curves").click();
    assert.equal(await lastStep(page), 500);
    example.advance(700);
    await page.locator('progress[value="700"]').waitFor();
    assert.equal(await lastStep(page), 700);
    assert.ok(await page.locator("#more-curves").evaluate((d) => d.hasAttribute("open")));
    assert.deepEqual(troubles, []);
  });

  await t.step("ticked runs stay ticked when the list is refreshed, and compare", async () => {
    await using tab = await openTab(browser, "light");
    const { page, troubles } = tab;
    await page.goto(site.origin);
    for (const id of example.sweepIds.slice(0, 2)) await page.getByLabel(`Compare ${id}`).check();
    example.advance(800);
    await page.locator('progress[value="800"]').waitFor();
    assert.equal(await page.locator("input:checked").count(), 2);
    await page.getByRole("button", { name: "Compare ticked runs" }).click();
    await page.waitForURL(/\/compare/);
    assert.match(await page.locator("h1").innerText(), /2 runs compared/);
    assert.deepEqual(troubles, []);
  });

  await t.step("a job's progress and its result come to the open page", async () => {
    await using tab = await openTab(browser, "phone");
    const { page, troubles } = tab;
    const { job } = example;
    await page.goto(site.origin);
    await page.getByLabel(`Progress of ${job.id}`).waitFor();
    job.progress(600);
    await page.locator(`#${job.id} progress[value="0.6"]`).waitFor();
    job.finish();
    await page.getByRole("link", { name: "image-0001-evaluation-001" }).click();
    await page.waitForURL(/\/runs\/image-0001#evaluations$/);
    assert.ok(await page.getByRole("heading", { name: "Evaluations", exact: true }).isVisible());
    assert.deepEqual(troubles, []);
  });

  await t.step("pointer and arrow keys read values off a curve", async () => {
    await using tab = await openTab(browser, "light");
    const { page, troubles } = tab;
    await page.goto(`${site.origin}/runs/image-0001`);
    const chart = page.locator("svg.chart").first();
    await chart.hover({ position: { x: 250, y: 150 } });
    const tip = page.locator(".tip");
    assert.match(await tip.innerText(), /training step \d+\s+Training loss\s+0\.\d+/);
    await page.mouse.move(5, 5);
    assert.ok(await tip.isHidden());
    await chart.focus();
    const last = await tip.innerText();
    assert.match(last, /training step 300/);
    await page.keyboard.press("ArrowLeft");
    assert.notEqual(await tip.innerText(), last);
    assert.deepEqual(troubles, []);
  });

  await t.step("the slider of time changes the digits and the numbers", async () => {
    await using tab = await openTab(browser, "light");
    const { page, troubles } = tab;
    await page.goto(`${site.origin}/schedules?dataset=made-up-digits`);
    const black =
      "[...document.querySelector('canvas').getContext('2d').getImageData(0, 0, 28, 28).data]" +
      ".filter((value, index) => index % 4 === 0 && value < 8).length";
    await page.locator("#time").fill("0");
    const clean = await page.evaluate(black) as number;
    await page.locator("#time").fill("16");
    assert.equal(await page.locator("#time-value").innerText(), "1");
    const noisy = await page.evaluate(black) as number;
    assert.ok(clean > 500, `${clean} black pixels in the clean digit`);
    assert.ok(noisy < 300, `${noisy} black pixels are left under noise`);
    assert.match(await page.locator(".numbers dd").first().innerText(), /^0\.00\d/);
    assert.doesNotMatch(await page.locator(".lines .verse:visible").first().innerText(), /To be/);
    await page.locator("#time").fill("0");
    assert.match(
      await page.locator(".lines .verse:visible").first().innerText(),
      /^To be, or not to be/,
    );
    assert.deepEqual(troubles, []);
  });

  await t.step("the slider of a film shows one of its moments, and the strip again", async () => {
    await using tab = await openTab(browser, "light");
    const { page, troubles } = tab;
    await page.goto(`${site.origin}/runs/image-0001`);
    const figure = page.locator("figure[data-film]").first();
    const picture = figure.locator("img"), slider = figure.locator("input[type=range]");
    await slider.waitFor();
    const strip = await picture.getAttribute("src");
    await slider.fill("0");
    assert.match(await figure.innerText(), /Step 1, noise 100 %/);
    assert.match((await picture.getAttribute("src"))!, /film-0\.png/);
    const width = await picture.evaluate(async (element) => {
      const image = element as unknown as { decode(): Promise<void>; naturalWidth: number };
      await image.decode();
      return image.naturalWidth;
    });
    assert.ok(width > 100, `the picture is ${width} pixels wide`);
    await slider.fill("10");
    assert.match((await picture.getAttribute("src"))!, new RegExp(`${strip!.slice(0, 20)}`));
    assert.deepEqual(troubles, []);
  });
});

Deno.test("A page says so when the server is gone, and goes on when it is back", async () => {
  await using example = await exampleWorkspace();
  await using site = serve(createApp(example.lab));
  await using browser = await launch();
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${site.origin}/runs/${example.runningId}`);
  await context.setOffline(true);
  await page.locator("#connection").waitFor({ state: "visible" });
  await context.setOffline(false);
  example.advance(520);
  await page.locator('progress[value="520"]').waitFor();
  assert.ok(await page.locator("#connection").isHidden());
  await context.close();
});
