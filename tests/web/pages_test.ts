import assert from "node:assert/strict";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { openJournal } from "../../journal/mod.ts";
import { createApp } from "../../web/mod.tsx";
import { emptyWorkspace, exampleWorkspace } from "./example_workspace.ts";
import { decodePng } from "../../figures/png.tsx";

const ATTACK = `"><script>alert(1)</script><img src=x onerror=alert(2)>`;

type App = ReturnType<typeof createApp>;

async function html(app: App, path: string, status = 200): Promise<string> {
  const response = await app.request(path);
  assert.equal(response.status, status, `${path} answered ${response.status}`);
  assert.match(response.headers.get("content-type") ?? "", /^text\/html/);
  return await response.text();
}

/** What a browser would run or fetch from elsewhere: there must be none of it. */
function assertHarmless(page: string): void {
  const withoutOurs = page.replaceAll(
    /<script type="module" src="\/static\/[a-z0-9]+\/[a-z]+\.js"><\/script>/g,
    "",
  );
  assert.doesNotMatch(withoutOurs, /<script/i);
  assert.doesNotMatch(page, /<[^>]+\son[a-z]+\s*=/i);
  assert.doesNotMatch(page, /<[^>]+\sstyle\s*=/i);
  assert.doesNotMatch(page, /href="\s*(javascript|data|vbscript):/i);
  assert.doesNotMatch(page, /src="(https?:)?\/\//i);
}

Deno.test("The pages of a workspace with runs", async (t) => {
  await using example = await exampleWorkspace();
  const { lab, sweepIds, runningId } = example;
  const journal = await openJournal(lab);
  const entry = journal.write({
    title: "Cosine beats linear",
    hypothesis: "The cosine schedule reaches a **lower** error",
    criterion: {
      metric: "denoising_mse",
      group: { parameters: { schedule: "cosine" } },
      relation: "below",
      against: { parameters: { schedule: "linear" } },
    },
    runs: sweepIds,
    tags: ["schedule"],
  });
  const app = createApp(lab);

  await t.step("evaluations stand beside their floor, or say how to get them", async () => {
    const page = await html(app, "/runs/image-0001");
    assert.match(page, /<b>21\.5<\/b> ± 0\.6<\/td><td>13\.9 ± 1\.9<\/td><td>93\.4 %/);
    assert.match(page, /ddim, 25 steps, guidance 1; training step 300/);
    const without = await html(app, `/runs/${sweepIds[0]}`);
    assert.match(without, /This run has not been evaluated yet/);
    const compared = await html(app, `/compare?runs=image-0001,${sweepIds[0]}`);
    assert.match(
      compared,
      /<a href="\/runs\/image-0001">image-0001<\/a><\/td><th scope="row">ddim/,
    );
    assert.match(compared, /<b>21\.5<\/b> ± 0\.6<\/td><td>13\.9 ± 1\.9<\/td><td>93\.4 %/);
    const ofText = await html(app, `/runs/${example.textId}`);
    assert.match(ofText, /<th scope="col">left to right<\/th><th scope="col">blocks of 16<\/th>/);
    assert.match(ofText, /<b>1\.80<\/b> ± 0\.012<\/td><td><b>2\.20<\/b> ± 0\.02<\/td>/);
    assert.match(ofText, /uniform 2\.08; 1-gram 2\.05, 2-gram 1\.00\./);
    assert.match(ofText, /<td>1\.4 \(1\.2 ± 0\.05\)<\/td>/);
  });

  await t.step(
    "jobs stand beside the runs with their state, progress, result or reason",
    async () => {
      const page = await html(app, "/");
      const lines = page.match(/<li id="job-\d+">.*?<\/li>/gs)!;
      const wanted = [
        /job-0003.*<b>Evaluation<\/b> of <a href="\/runs\/image-0001">.*status running.*<progress value="0.3" max="1" aria-label="Progress of job-0003">.*Drawing pictures 201 to 400 · 30 %/s,
        new RegExp(
          `job-0004.*<b>Sample</b> of <a href="/runs/${example.textId}">.*status queued`,
          "s",
        ),
        /job-0002.*status failed.*pictures is 123456, but must be a whole number from 0 to 999/s,
        /job-0001.*status finished.*<a href="\/runs\/image-0001#image-0001-sample-004">image-0001-sample-004<\/a>/s,
      ];
      assert.equal(lines.length, wanted.length);
      lines.forEach((line, i) => assert.match(line, wanted[i]!));
      assertHarmless(page);
      const ofRun = await html(app, "/runs/image-0001");
      assert.deepEqual(
        ofRun.match(/<li id="job-\d+">/g),
        ["job-0003", "job-0002", "job-0001"].map((id) => `<li id="${id}">`),
      );
      assert.match(ofRun, /data-refresh="2"/, "something is still to come");
      assert.match(ofRun, /id="image-0001-sample-004"/, "what the link leads to");
      assert.doesNotMatch(await html(app, "/?status=failed"), /id="job-/);
    },
  );

  await t.step("a run on text shows what it wrote, and how it came out of the noise", async () => {
    const page = await html(app, `/runs/${example.textId}`);
    assert.match(page, /Nats per character/);
    assert.match(page, /<pre class="verse" tabindex="0">O, for a muse<\/pre>/);
    assert.match(page, /<span class="quiet">O, f<\/span><span class="sure-1">r eeeee e<\/span>/);
    assert.match(page, /<span class="sure-9">or a muse<\/span>/);
    assert.match(page, /blocks of 9, ddpm 64 steps, temperature 0.7, seed 0/);
    assert.match(page, /whole windows|blocks of 1/);
    assertHarmless(page);
  });

  await t.step("the list shows every run, its status, progress and error", async () => {
    const page = await html(app, "/");
    for (const { id } of lab.runs().runs) assert.ok(page.includes(`href="/runs/${id}"`), id);
    for (const status of ["queued", "running", "finished", "stopped", "failed"]) {
      assert.match(page, new RegExp(`class="status ${status}"`));
    }
    assert.match(page, /<progress value="500" max="1500"/);
    assert.match(page, /<svg[^>]*class="sparkline"/);
    assert.match(page, /data-refresh="2"/);
    assertHarmless(page);
  });

  await t.step(
    "the list groups a sweep and shows only the settings that differ in it",
    async () => {
      const page = await html(app, "/?sweep=sweep-0001");
      assert.ok(page.includes(`/compare?runs=${sweepIds.toReversed().join(",")}`));
      assert.match(page, /<span>schedule<\/span>\s*linear/);
      assert.match(page, /<span>seed<\/span>\s*1/);
      assert.doesNotMatch(page, /<span>size<\/span>/);
      assert.ok(!page.includes(`href="/runs/${runningId}"`));
    },
  );

  await t.step("the list can be narrowed to a status", async () => {
    const page = await html(app, "/?status=failed");
    assert.equal(page.split(`name="runs"`).length - 1, 1);
    assert.match(await html(app, "/?status=interrupted"), /No run matches/);
  });

  await t.step("a run's page shows curves, samples, configuration and what to say", async () => {
    const page = await html(app, "/runs/image-0001");
    assert.match(page, /Training loss/);
    assert.match(page, /Denoising error/);
    assert.equal(page.split(`class="sample"`).length - 1, lab.samples("image-0001").length);
    assert.match(page, /id="image-0001-sample-004"/);
    assert.match(page, /learning_rate/);
    assert.match(page, /train \{&quot;preset&quot;:&quot;demo&quot;/);
    assert.ok(page.length < 120_000, `${page.length} characters`);
    assertHarmless(page);
  });

  await t.step("stop is offered for a running run and resume for a stopped one", async () => {
    assert.match(await html(app, `/runs/${runningId}`), /stop-run \{/);
    const stopped = lab.runs({ status: "stopped" }).runs[0]!;
    const page = await html(app, `/runs/${stopped.id}`);
    assert.match(page, /train \{&quot;resume&quot;/);
    assert.doesNotMatch(page, /stop-run \{/);
  });

  await t.step("a failed run says why", async () => {
    const failed = lab.runs({ status: "failed" }).runs[0]!;
    assert.match(await html(app, `/runs/${failed.id}`), /gradient norm at step 26 is not finite/);
  });

  await t.step("latest, best and a unique beginning lead to the run's own address", async () => {
    for (const [ref, id] of [["latest", lab.run("latest").id], ["best", lab.run("best").id]]) {
      const response = await app.request(`/runs/${ref}`);
      assert.equal(response.status, 302);
      assert.equal(response.headers.get("location"), `/runs/${id}`);
    }
  });

  await t.step("a comparison shows what differs, the verdict, curves and samples", async () => {
    const page = await html(app, `/compare?runs=${sweepIds.join(",")}`);
    assert.ok(page.includes("<th>schedule</th>") && page.includes("<th>seed</th>"));
    assert.ok(!page.includes("<th>learning rate</th>"));
    assert.equal(page.split(`class="sample"`).length - 1, sweepIds.length);
    assert.match(page, /Over seeds/);
    assert.ok(page.indexOf("image-0004") < page.indexOf("image-0002"), "best first");
    assertHarmless(page);
  });

  await t.step("ticked boxes and a sweep's id compare the same runs", async () => {
    const ticked = await html(app, `/compare?${sweepIds.map((id) => `runs=${id}`).join("&")}`);
    const named = await html(app, "/compare?runs=sweep-0001");
    assert.match(ticked, /<h1>4 runs compared<\/h1>/);
    assert.match(named, /<h1>4 runs compared<\/h1>/);
  });

  await t.step("a comparison without runs offers them", async () => {
    assert.match(await html(app, "/compare"), /name="runs" value="image-0001"/);
  });

  await t.step("the journal shows entries with their computed verdicts", async () => {
    const list = await html(app, "/journal");
    assert.ok(list.includes(`href="/journal/${entry.id}"`));
    const damaged = join(lab.workspace, "journal", "0003-damaged.md");
    Deno.writeTextFileSync(damaged, "x");
    const listed = await html(app, "/journal");
    assert.match(listed, /0003-damaged/);
    assert.ok(!listed.includes('href="/journal/0003-damaged"'), "what cannot be read is no link");
    Deno.removeSync(damaged);
    assert.match(list, /class="verdict supported"/);
    const page = await html(app, `/journal/${entry.id}`);
    assert.match(page, /<strong>lower<\/strong>/);
    assert.match(page, /<a href="\/runs\/image-0002">image-0002<\/a>/);
    assert.equal(page.match(/<h1>/g)?.length, 1);
    assert.match(page, /<svg[^>]*class="chart"/);
    assertHarmless(page);
    assert.match(await html(app, "/journal?tag=other"), /No entry has the tag/);
  });

  await t.step(
    "the schedules page draws curves and offers a strip of each forward process",
    async () => {
      const page = await html(app, "/schedules?dataset=made-up-digits&index=3");
      assertHarmless(page);
      const strip = /data-strip="(\/schedules\/cosine\.png[^"]*)"/.exec(page)?.[1];
      assert.ok(strip);
      const response = await app.request(strip.replaceAll("&amp;", "&"));
      assert.equal(response.status, 200);
      const picture = await decodePng(new Uint8Array(await response.arrayBuffer()));
      assert.deepEqual([picture.width, picture.height], [17 * 28, 28]);
      const one = await html(app, "/schedules?names=linear&dataset=made-up-digits");
      assert.doesNotMatch(one, /schedules\/cosine\.png/);
    },
  );

  await t.step("a parameter that a page does not have is refused by name", async () => {
    const cases = [
      ["/?page=x", /no parameter &quot;page&quot;: it has status, sweep, offset/],
      ["/schedules?schedules=nope", /no parameter &quot;schedules&quot;: it has names, index, dat/],
      ["/journal?tags=a", /no parameter &quot;tags&quot;: it has tag/],
      ["/runs/image-0001?step=3", /no parameter &quot;step&quot;: it has none/],
    ] as const;
    for (const [address, words] of cases) {
      const answer = await app.request(address);
      assert.equal(answer.status, 400, address);
      assert.match(await answer.text(), words);
    }
    for (const address of ["/?utm_source=chat", "/runs/image-0001?token=x"]) {
      assert.equal((await app.request(address)).status, 200, address);
    }
  });

  await t.step("samples stand in rows under each other where they are asked for", async () => {
    const heightOf = async (...numbers: number[]) => {
      const ids = numbers.map((n) => `image-0001-sample-00${n}`).join(",");
      const answer = await app.request(`/runs/image-0001/side-by-side.png?samples=${ids}`);
      assert.equal(answer.status, 200);
      return (await decodePng(new Uint8Array(await answer.arrayBuffer()))).height;
    };
    assert.ok(await heightOf(1, 2) > 1.5 * await heightOf(1));
  });

  await t.step(
    "a sample's picture is drawn from its pixels, kept, and cached for ever",
    async () => {
      const page = await html(app, "/runs/image-0001");
      const address = /src="(\/samples\/image-0001-sample-003\.png\?v=[^"]+)"/.exec(page)?.[1];
      assert.ok(address);
      const [first, second] = [await app.request(address), await app.request(address)];
      assert.match(first.headers.get("cache-control") ?? "", /immutable/);
      const bytes = [
        new Uint8Array(await first.arrayBuffer()),
        new Uint8Array(await second.arrayBuffer()),
      ] as const;
      assert.deepEqual(hash(bytes[0]), hash(bytes[1]));
      const picture = await decodePng(bytes[0]);
      const bright = picture.data.filter((value) => value > 200).length / picture.data.length;
      assert.ok(bright > 0.03 && bright < 0.3, `${bright} of the picture is bright`);
      const { path } = lab.sampleById("image-0001-sample-003");
      const beside = [...Deno.readDirSync(path.slice(0, path.lastIndexOf("/")))];
      assert.ok(
        beside.some(({ name }) =>
          name.startsWith("image-0001-sample-003.") && name.endsWith(".png")
        ),
      );
      assert.ok(
        beside.every(({ name }) => !/png\./.test(name)),
        "no temporary file is left",
      );
    },
  );

  await t.step("an unchanged page answers 304, and changes when metrics arrive", async () => {
    // A page counts the seconds of a worker that has given no sign of life for a minute.
    example.advance(540);
    const before = await app.request(`/runs/${runningId}`);
    const tag = before.headers.get("etag") ?? "";
    await before.body?.cancel();
    const again = await app.request(`/runs/${runningId}`, { headers: { "if-none-match": tag } });
    assert.equal(again.status, 304);
    example.advance(560);
    const later = await app.request(`/runs/${runningId}`, { headers: { "if-none-match": tag } });
    assert.equal(later.status, 200);
    assert.match(await later.text(), /value="560" max="1500"/);
  });

  await t.step("every answer forbids foreign and inline script", async () => {
    for (
      const path of ["/", "/runs/image-0001", "/nowhere", "/samples/image-0001-sample-001.png"]
    ) {
      const response = await app.request(path);
      await response.body?.cancel();
      const policy = response.headers.get("content-security-policy") ?? "";
      assert.match(policy, /default-src 'none'/);
      assert.match(policy, /script-src 'self'(;|$)/);
      assert.doesNotMatch(policy, /unsafe/);
      assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    }
  });

  await t.step(
    "the client's files are served for ever under their hash, and only those",
    async () => {
      const page = await html(app, "/");
      const files = [...page.matchAll(/"(\/static\/[^"]+)"/g)].map((match) => match[1]!);
      assert.ok(files.length >= 3);
      for (const path of files) {
        const response = await app.request(path);
        await response.body?.cancel();
        assert.equal(response.status, 200, path);
        assert.match(response.headers.get("cache-control") ?? "", /immutable/);
      }
      for (const name of ["..%2fmod.tsx", "mod.tsx", "__proto__", "constructor", "%00"]) {
        const response = await app.request(`/static/x/${name}`);
        await response.body?.cancel();
        assert.equal(response.status, 404, name);
      }
    },
  );

  await t.step("broken addresses get a page that helps, never an error of ours", async () => {
    const near = await html(app, "/runs/image-0099", 404);
    assert.match(near, /no run &quot;image-0099&quot;/i);
    assert.match(near, /<a href="\/runs\/image-000\d">/);
    for (
      const path of [
        "/runs/..%2f..%2fetc%2fpasswd",
        "/runs/%00",
        `/runs/${encodeURIComponent(ATTACK)}`,
        "/runs/%E2%82%AC",
        "/journal/0099-nothing",
        "/journal/..%2f..%2flab.sqlite",
        "/samples/image-0001-sample-999.png",
        "/samples/image-0001-sample-999/film.json",
        "/runs/image-0001/side-by-side.png",
        "/runs/image-0002/side-by-side.png?samples=image-0001-sample-001",
        "/samples/image-0001-sample-001/film-99.png",
        "/samples/..%2f..%2flab.sqlite",
        "/compare?runs=image-0001,nothing",
        "/nowhere/at/all",
      ]
    ) assertHarmless(await html(app, path, 404));
    for (
      const path of [
        "/?status=sleeping",
        "/?offset=-1",
        "/?offset=1e99",
        "/?sweep=sweep-9999",
        "/compare?runs=image-0001",
        "/schedules?names=sine",
        "/schedules?index=abc",
        "/schedules?dataset=cifar",
        `/?status=${encodeURIComponent(ATTACK)}`,
      ]
    ) assertHarmless(await html(app, path, 400));
    assert.equal((await app.request("/", { method: "POST" })).status, 404);
  });
});

Deno.test("Stored text cannot become markup on any page", async () => {
  await using base = emptyWorkspace();
  const { lab, store } = base;
  const { resolveConfig } = await import("../../experiments/mod.ts");
  const { ids } = store.runs.insert({
    configs: [resolveConfig("mnist-tiny"), resolveConfig("mnist-tiny", { seed: 1 })],
    codeVersion: ATTACK,
    label: ATTACK,
    sweep: { label: ATTACK },
  });
  store.events.add("run-queued", ids[0]!, ATTACK);
  const journal = await openJournal(lab);
  const entry = journal.write({
    title: ATTACK,
    hypothesis: `${ATTACK} [a](javascript:alert(3)) ![b](https://example.org/c.png)`,
    runs: ids,
    observations: `# ${ATTACK}\n\n<iframe src="//example.org"></iframe>`,
  });
  const app = createApp(lab);
  for (
    const path of [
      "/",
      `/runs/${ids[0]}`,
      `/compare?runs=${ids.join(",")}`,
      "/journal",
      `/journal/${entry.id}`,
    ]
  ) {
    const page = await html(app, path);
    assertHarmless(page);
    assert.match(page, /&lt;script&gt;|&lt;img/, `${path} shows the text as text`);
    assert.doesNotMatch(page, /<(img|iframe)[^>]*example\.org/);
  }
});

Deno.test("An empty workspace tells a newcomer what to do, on every page", async () => {
  await using base = emptyWorkspace();
  const app = createApp(base.lab);
  assert.match(await html(app, "/"), /deno task demo/);
  assert.match(await html(app, "/compare"), /There are no runs yet/);
  assert.match(await html(app, "/journal"), /No entries yet/);
  assert.match(
    await html(app, "/runs/latest", 404),
    /There are no runs of your own yet/,
  );
  assert.match(await html(app, "/"), /<a href="\/runs\/study%2Fdigits">study\/digits<\/a>/);
  const run = await html(app, "/runs/study%2Fverse");
  assert.match(run, /<h1>study\/verse<\/h1>/);
  assert.match(run, /study-verse-sample-001/);
  const study = await html(app, "/study");
  assert.match(study, /src="\/samples\/study-digits-sample-001\.png/);
  const png = await app.request("/samples/study-digits-sample-001.png");
  assert.equal(png.headers.get("content-type"), "image/png");
});

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
