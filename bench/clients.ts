/**
 * How long reading calls take while fifty clients look on at runs that train, and how much they slow the training down.
 * Each client lists, inspects or compares every other second, as an assistant that watches a sweep does.
 *
 *     deno task bench:clients [--trainings N] [--seconds N]
 *
 * A workspace trains one run at a time, so two trainings (the default) are two workspaces, each with a server and half
 * of the clients, as with two projects on one machine.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Lab, openLab, resolveConfig } from "../experiments/mod.ts";
import { openStore } from "../experiments/store/store.ts";

const CLIENTS = 50;
const PERIOD_MS = 2000;
const STORED_RUNS = 200;
const P99_MARK_MS = 250;
const SLOWDOWN_MARK = 1.1;
const REVISION = "2026-07-28";

const { values: options } = parseArgs({
  options: {
    trainings: { type: "string", default: "2" },
    seconds: { type: "string", default: "20" },
  },
});
const [TRAININGS, SECONDS] = [Number(options.trainings), Number(options.seconds)];

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

/** What a call is called in the results. */
function titleOf([method, { name, arguments: given }]: typeof CALLS[number]): string {
  return name === undefined ? method : `${name} ${JSON.stringify(given)}`;
}

/** Milliseconds of every call of all clients over some seconds, by the title of the call. */
async function watching(urls: readonly string[]): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>(CALLS.map((one) => [titleOf(one), []]));
  const end = performance.now() + SECONDS * 1000;
  await Promise.all(Array.from({ length: CLIENTS }, async (_, client) => {
    await pause(PERIOD_MS * client / CLIENTS);
    for (let n = client; performance.now() < end; n++) {
      const one = CALLS[n % CALLS.length]!;
      const took = await call(urls[client % urls.length]!, one);
      times.get(titleOf(one))!.push(took);
      await pause(Math.max(0, PERIOD_MS - took));
    }
  }));
  return times;
}

function quantile(times: readonly number[], q: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}

/** A workspace with a server and a run that trains. */
interface Project {
  readonly lab: Lab;
  readonly url: string;
  readonly runId: string;
  close(): Promise<void>;
}

async function openProject(workspace: string): Promise<Project> {
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
  const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!said.includes("/mcp")) said += (await reader.read()).value ?? "";
  const { runs } = await lab.train({
    preset: "mnist-tiny",
    overrides: { dataset: "made-up-digits", steps: 1_000_000, validate_every: 1_000_000 },
    seeds: [0, 1],
  });
  return {
    lab,
    url: /http:\S+(?=\/mcp)/.exec(said)![0],
    runId: runs[0]!.id,
    async close() {
      lab.stop("all");
      server.kill();
      await server.status;
      await lab.watch(["latest"], { timeoutSeconds: 60 });
      lab.close();
    },
  };
}

/** Steps per second of all trainings together while something goes on. */
async function stepsPerSecond(
  projects: readonly Project[],
  work: () => Promise<unknown>,
): Promise<number> {
  const steps = () => projects.reduce((sum, { lab, runId }) => sum + lab.run(runId).step, 0);
  const [began, before] = [performance.now(), steps()];
  await work();
  return (steps() - before) / (performance.now() - began) * 1000;
}

const folder = await Deno.makeTempDir({ prefix: "textdiffusion-bench-" });
const projects: Project[] = [];
try {
  for (let n = 0; n < TRAININGS; n++) {
    projects.push(await openProject(join(folder, `workspace-${n}`)));
  }
  for (const { lab, url, runId } of projects) {
    while (lab.run(runId).step < 200) await pause(200);
    for (const one of CALLS) await call(url, one);
  }
  const alone = () => stepsPerSecond(projects, () => pause(SECONDS * 1000));
  const before = await alone();
  let byCall = new Map<string, number[]>();
  const during = await stepsPerSecond(
    projects,
    async () => byCall = await watching(projects.map(({ url }) => url)),
  );
  const after = await alone();
  const times = [...byCall.values()].flat();
  const slowdown = (before + after) / 2 / during;
  console.log(`${CLIENTS} clients, ${TRAININGS} trainings, ${times.length} calls in ${SECONDS} s`);
  for (const [title, taken] of [["all calls", times] as const, ...byCall]) {
    const [p50, p99] = [0.5, 0.99].map((q) => quantile(taken, q).toFixed(1));
    console.log(`  p50 ${p50} ms, p99 ${p99} ms  ${title}`);
  }
  console.log(
    `Training: ${before.toFixed(1)} and ${after.toFixed(1)} steps/s alone, ${
      during.toFixed(1)
    } beside the clients`,
  );
  console.log(JSON.stringify({
    clients_p99_vs_mark: quantile(times, 0.99) / P99_MARK_MS,
    clients_slowdown_vs_mark: slowdown / SLOWDOWN_MARK,
  }));
} finally {
  for (const project of projects) await project.close();
  await pause(2000);
  await Deno.remove(folder, { recursive: true });
}
