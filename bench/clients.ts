/**
 * How long reading calls take while fifty clients look at a workspace in which runs train, and how much
 * they slow the training down. Each client lists, inspects or compares every other second, as an
 * assistant that watches a sweep does.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openLab, resolveConfig } from "../experiments/mod.ts";
import { openStore } from "../experiments/store/store.ts";

const CLIENTS = 50;
const PERIOD_MS = 2000;
const SECONDS = 20;
const STORED_RUNS = 200;
const P99_MARK_MS = 250;
const SLOWDOWN_MARK = 1.1;
const REVISION = "2026-07-28";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Finished runs, so that there is something to list and to compare. */
function fillStore(workspace: string): void {
  const store = openStore(workspace);
  const configs = Array.from({ length: STORED_RUNS }, (_, seed) =>
    resolveConfig("mnist-tiny", {
      dataset: "made-up-digits",
      schedule: seed % 2 ? "linear" : "cosine",
      seed,
    }));
  const { ids } = store.runs.insert({ configs, codeVersion: "bench", label: null, sweep: null });
  const worker = store.workers.insert();
  for (const id of ids) {
    store.runs.claim(worker, "bench");
    store.metrics.insert(
      id,
      Array.from({ length: 60 }, (_, step) => ({ name: "loss", step, value: 1 / (step + 1) })),
    );
    store.metrics.insert(id, [{
      name: "denoising_mse",
      step: 60,
      value: 0.2 + Math.random() / 100,
    }]);
    store.runs.end(id, worker, "finished", null);
  }
  store.workers.end(worker, "ended");
  store.close();
}

const CALLS: readonly (readonly [string, Record<string, unknown>])[] = [
  ["tools/list", {}],
  ["resources/list", {}],
  ["tools/call", { name: "inspect-run", arguments: {} }],
  ["tools/call", { name: "inspect-run", arguments: { run: "image-0010" } }],
  ["tools/call", { name: "inspect-run", arguments: { run: `image-0${STORED_RUNS + 1}` } }],
  ["tools/call", {
    name: "compare-runs",
    arguments: { runs: ["image-0001", "image-0002", "image-0003", "image-0004"] },
  }],
];

async function call(url: string, [method, params]: typeof CALLS[number]): Promise<number> {
  const began = performance.now();
  const response = await fetch(`${url}/mcp`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": REVISION,
      "mcp-method": method,
      ...(params.name === undefined ? {} : { "mcp-name": String(params.name) }),
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method,
      params: {
        ...params,
        _meta: {
          "io.modelcontextprotocol/protocolVersion": REVISION,
          "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
          "io.modelcontextprotocol/clientCapabilities": {},
        },
      },
    }),
  });
  const text = await response.text();
  if (!response.ok || text.includes('"isError":true')) throw new Error(text.slice(0, 500));
  return performance.now() - began;
}

/** Milliseconds of every call of all clients over some seconds. */
async function watching(url: string): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + SECONDS * 1000;
  await Promise.all(Array.from({ length: CLIENTS }, async (_, client) => {
    await pause(PERIOD_MS * client / CLIENTS);
    for (let n = client; performance.now() < end; n++) {
      const took = await call(url, CALLS[n % CALLS.length]!);
      times.push(took);
      await pause(Math.max(0, PERIOD_MS - took));
    }
  }));
  return times.sort((a, b) => a - b);
}

const folder = await Deno.makeTempDir({ prefix: "textdiffusion-bench-" });
const workspace = join(folder, "workspace");
fillStore(workspace);
const lab = openLab({ workspace, device: "cpu" });
const server = new Deno.Command(Deno.execPath(), {
  args: [
    ...["run", "--quiet", "--config", here("../deno.json"), `--lock=${here("../deno.lock")}`],
    ...["--frozen", "-P=program", here("../main.ts"), "start", "--port", "0"],
    ...["--workspace", workspace],
  ],
  stdout: "piped",
  stderr: "null",
}).spawn();
try {
  const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!said.includes("/mcp")) said += (await reader.read()).value ?? "";
  const url = /http:\S+(?=\/mcp)/.exec(said)![0];
  const { runs: [run] } = await lab.train({
    preset: "mnist-tiny",
    overrides: { dataset: "made-up-digits", steps: 1_000_000, validate_every: 1_000_000 },
    seeds: [0, 1],
  });
  const stepsPerSecond = async (work: () => Promise<unknown>) => {
    const [began, before] = [performance.now(), lab.run(run!.id).step];
    await work();
    return (lab.run(run!.id).step - before) / (performance.now() - began) * 1000;
  };
  while (lab.run(run!.id).step < 200) await pause(200);
  for (const one of CALLS) await call(url, one);
  const alone = () => stepsPerSecond(() => pause(SECONDS * 1000));
  const before = await alone();
  let times: number[] = [];
  const during = await stepsPerSecond(async () => times = await watching(url));
  const after = await alone();
  const quantile = (q: number) => times[Math.min(times.length - 1, Math.floor(q * times.length))]!;
  const slowdown = (before + after) / 2 / during;
  console.log(`${CLIENTS} clients, ${times.length} calls in ${SECONDS} s`);
  console.log(`  p50 ${quantile(0.5).toFixed(1)} ms, p99 ${quantile(0.99).toFixed(1)} ms`);
  console.log(
    `Training: ${before.toFixed(1)} and ${after.toFixed(1)} steps/s alone, ${
      during.toFixed(1)
    } beside the clients`,
  );
  console.log(JSON.stringify({
    clients_p99_vs_mark: quantile(0.99) / P99_MARK_MS,
    clients_slowdown_vs_mark: slowdown / SLOWDOWN_MARK,
  }));
} finally {
  lab.stop("all");
  server.kill();
  await server.status;
  await lab.watch(["latest"], { timeoutSeconds: 60 });
  lab.close();
  await pause(2000);
  await Deno.remove(folder, { recursive: true });
}
