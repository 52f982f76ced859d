/** What is asked before a training starts: leave to read a folder, and to take over an hour. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { type Answer, stdioCommand, textOf } from "./clients.ts";
import { withLaboratory } from "./laboratory.ts";
import { openStore } from "../../experiments/store/store.ts";
import { finishedRun, removeFolder, shortConfig } from "../experiments/workspace.ts";

const LONG = {
  preset: "mnist-small",
  overrides: { dataset: "made-up-digits", steps: 20_000 },
  wait_seconds: 0,
};

interface Replies {
  readonly mode: "legacy" | { pin: "2026-07-28" };
  readonly elicit?: { action: "accept" | "decline" | "cancel"; content?: { start: boolean } };
  readonly roots?: readonly string[];
}

/** A client that answers what it is asked, and writes down the questions. */
function answering({ mode, elicit, roots }: Replies) {
  const asked: string[] = [];
  const client = new Client({ name: "test", version: "1" }, {
    versionNegotiation: { mode },
    capabilities: {
      ...(elicit ? { elicitation: { form: {} } } : {}),
      ...(roots ? { roots: {} } : {}),
    },
  });
  if (elicit) {
    client.setRequestHandler("elicitation/create", ({ params }) => {
      asked.push(params.message);
      return elicit;
    });
  }
  if (roots) {
    client.setRequestHandler("roots/list", () => {
      asked.push("roots");
      return { roots: roots.map((path) => ({ uri: new URL(`file://${path}`).href })) };
    });
  }
  const train = async (args: Record<string, unknown>) =>
    await client.callTool({ name: "train", arguments: args }) as Answer;
  return { client, asked, train };
}

const MODES = ["legacy", { pin: "2026-07-28" }] as const;

for (const mode of MODES) {
  const era = mode === "legacy" ? "2025" : "2026";
  Deno.test(`a training of over an hour is confirmed by the person, over HTTP in ${era}`, () =>
    withLaboratory(async ({ lab, url }) => {
      const with_ = async (
        elicit: Replies["elicit"],
        use: (made: ReturnType<typeof answering>) => Promise<void>,
      ) => {
        const made = answering({ mode, ...(elicit ? { elicit } : {}) });
        await made.client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)));
        await use(made);
        await made.client.close();
      };
      await with_({ action: "decline" }, async ({ asked, train }) => {
        const text = textOf(await train(LONG));
        assert.match(text, /^Not started: the person does not want it/);
        assert.deepEqual(asked.length, 1);
        assert.match(
          asked[0]!,
          /^This run would take about 2 hr, 44 min of training \(by the speed of mnist-small .*Start it\?/,
        );
        await train({ ...LONG, overrides: { ...LONG.overrides, steps: 5 } });
        assert.equal(asked.length, 1, "a short run is not asked about");
      });
      assert.equal(lab.runs().total, 1);
      await with_({ action: "cancel" }, async ({ asked, train }) => {
        assert.match(textOf(await train(LONG)), /dismissed; the same call again starts it/);
        assert.match(textOf(await train(LONG)), /^Run image-0002: queued/);
        assert.equal(asked.length, 1);
      });
      await with_({ action: "accept", content: { start: true } }, async ({ asked, train }) => {
        const text = textOf(await train({ ...LONG, seeds: [1, 2] }));
        assert.match(text, /^Sweep sweep-0001 of 2 runs/);
        assert.match(asked[0]!, /^These 2 runs would take about 5 hr.*Start them\?/);
      });
      await with_(undefined, async ({ train }) => {
        assert.match(textOf(await train(LONG)), /^Run image-0005: queued/);
      });
      lab.stop("all");
    }));
}

Deno.test("an evaluation of over an hour is confirmed by the person, by what is known of the run's speed", () =>
  withLaboratory(async ({ lab, url }) => {
    const store = openStore(lab.workspace);
    const run = finishedRun(store, shortConfig(), 0.2);
    const evaluate = async (elicit: Replies["elicit"], args: object) => {
      const made = answering({ mode: "legacy", ...(elicit ? { elicit } : {}) });
      await made.client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)));
      const asked = { run, wait_seconds: 0, ...args };
      const text = textOf(
        await made.client.callTool({ name: "evaluate", arguments: asked }) as Answer,
      );
      await made.client.close();
      return { text, asked: made.asked };
    };
    const decline = { action: "decline" } as const;
    const unknown = await evaluate(decline, {});
    assert.deepEqual(unknown.asked, [], "nothing tells how fast it is");
    store.metrics.insert(run, [{ name: "examples_per_second", step: 12, value: 2 }]);
    // 1,000 pictures in 25 steps, each of two guided evaluations: 100,000 examples at six a second.
    const slow = { sampler: "heun", guidance_scale: 2 };
    const declined = await evaluate(decline, slow);
    assert.match(declined.text, /^Not started: the person does not want it .*`deno task evaluate`/);
    assert.match(
      declined.asked[0]!,
      new RegExp(
        `^This evaluation would take about 4 hr, \\d+ min \\(by the speed of the training of ${run}\\). Start it\\?$`,
      ),
    );
    const short = await evaluate(decline, { count: 200, steps: 5 });
    assert.deepEqual(short.asked, []);
    const silent = await evaluate(undefined, slow);
    assert.match(silent.text, /^job-0003 /);
    store.close();
    lab.stopJobs("all");
  }));

Deno.test("data outside of the allowed folders is read only where the client's roots allow it", () =>
  withLaboratory(async ({ lab }) => {
    const folder = await Deno.makeTempDir({ prefix: "textdiffusion-" });
    const secret = join(folder, "secret.txt");
    await Deno.writeTextFile(secret, "To be or not to be, that is the question.\n".repeat(200));
    const link = join(lab.workspace, "link.txt");
    await Deno.symlink(secret, link);
    const request = (dataset: string) => ({
      preset: "shakespeare-tiny",
      overrides: { dataset, steps: 2 },
      wait_seconds: 0,
    });
    const over = async (replies: Replies, options: readonly string[]) => {
      const made = answering(replies);
      const command = stdioCommand(lab.workspace, "--no-viewer", ...options);
      await made.client.connect(new StdioClientTransport(command));
      return made;
    };
    for (const mode of MODES) {
      const alone = await over({ mode }, []);
      for (const path of [secret, link]) {
        const refused = await alone.train(request(path));
        assert.ok(refused.isError);
        assert.match(
          textOf(refused),
          /dataset is .*, but data is read only from .*start the server with --data-root /,
        );
      }
      const pictures = { preset: "mnist-tiny", overrides: { dataset: folder }, wait_seconds: 0 };
      assert.match(
        textOf(await alone.train(pictures)),
        new RegExp(`start the server with --data-root ${folder} to allow this folder`),
      );
      await alone.client.close();
      const elsewhere = await over({ mode, roots: ["/nowhere"] }, []);
      assert.ok((await elsewhere.train(request(secret))).isError);
      assert.deepEqual(elsewhere.asked, ["roots"]);
      await elsewhere.client.close();
      const rooted = await over({ mode, roots: [folder] }, []);
      assert.match(textOf(await rooted.train(request(secret))), /^Run text-\d+/);
      await rooted.client.close();
      const allowed = await over({ mode }, ["--data-root", folder]);
      assert.match(textOf(await allowed.train(request(secret))), /^Run text-\d+/);
      await allowed.client.close();
    }
    lab.stop("all");
    await removeFolder(folder);
  }));
