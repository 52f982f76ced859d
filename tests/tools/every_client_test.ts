/**
 * Clients of three generations of the SDK, over both transports: each lists the tools, as a real one
 * does before it calls any (some then check what is answered), and calls every one of them.
 */
import assert from "node:assert/strict";
import { openStore } from "../../experiments/store/store.ts";
import { queue, shortConfig } from "../experiments/workspace.ts";
import { type Caller, currentClient, oldClient, stdioCommand, textOf } from "./clients.ts";
import { withLaboratory } from "./laboratory.ts";
import { runWorker } from "../../experiments/run_worker.ts";

const CONNECTIONS = {
  "sdk 1.11": (target) => oldClient(target, "1.11"),
  "sdk 1.32": (target) => oldClient(target, "1.32"),
  "client 2": (target) => currentClient("modern", target),
} as const satisfies Record<string, (target: Parameters<typeof oldClient>[0]) => Promise<Caller>>;

Deno.test("clients of three generations list the tools, then call every one", (t) =>
  withLaboratory(async ({ lab, url }) => {
    const store = openStore(lab.workspace);
    const trained = queue(store, shortConfig({ seed: 0 }), shortConfig({ seed: 1 }));
    store.close();
    await runWorker({ workspace: lab.workspace, device: "cpu" });
    for (const [name, connect] of Object.entries(CONNECTIONS)) {
      const targets = { HTTP: { url: `${url}/mcp` }, stdio: stdioCommand(lab.workspace) };
      for (const [transport, target] of Object.entries(targets)) {
        await t.step(`${name} over ${transport}`, async () => {
          const caller = await connect(target);
          try {
            await callEveryTool(caller, trained);
          } finally {
            await caller.close();
          }
        });
      }
    }
  }));

async function callEveryTool(caller: Caller, trained: readonly string[]): Promise<void> {
  const listed = (await caller.listTools()).map((tool) => tool.name);
  const called = new Set<string>();
  const call = async (tool: string, args: Record<string, unknown>): Promise<string> => {
    called.add(tool);
    const answer = await caller.call(tool, args);
    const text = textOf(answer);
    assert.ok(!answer.isError, `${tool}: ${text}`);
    return text;
  };
  const [run] = trained;
  await call("sample", { run, count: 4, steps: 2 });
  await call("evaluate", { run, count: 200, steps: 2 });
  await call("inspect-run", {});
  await call("inspect-run", { run });
  await call("inspect-noise-schedule", { schedules: ["cosine", "linear"] });
  await call("compare-runs", { runs: trained });
  await call("write-journal", {
    title: "All clients",
    hypothesis: "Each is answered",
    runs: trained,
  });
  assert.match(await call("read-journal", {}), /All clients/);
  const started = await call("train", {
    preset: "mnist-tiny",
    overrides: { dataset: "made-up-digits", steps: 100_000 },
    wait_seconds: 0,
  });
  const [added] = /image-\d+/.exec(started)!;
  await call("inspect-run", { run: added });
  await call("stop-run", { runs: [added], wait_seconds: 45 });
  assert.deepEqual([...called].toSorted(), listed.toSorted(), "every tool is called");
}
