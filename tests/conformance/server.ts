/** The laboratory's own application, with the fixtures of the official conformance suite added. */
import { createRequestStateCodec } from "@modelcontextprotocol/server";
import { join } from "node:path";
import { openLab } from "../../experiments/mod.ts";
import { accessTo } from "../../tools/access.ts";
import { changesOf } from "../../tools/changes.ts";
import { listen } from "../../tools/serving.ts";
import { createHttpApp } from "../../tools/http.ts";
import { linksTo } from "../../tools/links.ts";
import { runTasks } from "../../tools/run_tasks.ts";
import { TasksExtension } from "../../tools/tasks.ts";
import { createApp } from "../../web/mod.tsx";
import { removeFolder, stopTraining } from "../experiments/workspace.ts";
import { attachFixtures } from "./fixtures.ts";
import { attachTaskFixtures, MemoryTasks } from "./task_fixtures.ts";

/** Serves it on a free port, over an empty workspace, while it is used. */
export async function withConformanceServer(use: (url: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "textdiffusion-" });
  const lab = openLab({ workspace: join(folder, "workspace") });
  const changes = changesOf(lab, { pollMs: 200 });
  const store = new MemoryTasks(runTasks(lab, linksTo(null)));
  const tasks = new TasksExtension(store);
  const requestState = createRequestStateCodec<string>({
    key: crypto.getRandomValues(new Uint8Array(32)),
  });
  const host = "127.0.0.1";
  let close = () => Promise.resolve();
  const server = listen({ host, port: 0 }, (viewerUrl) => {
    const app = createHttpApp(lab, {
      viewerUrl,
      access: accessTo({ host, workspace: lab.workspace }),
      openViewer: (opened) => Promise.resolve(createApp(opened)),
      changes,
      tasks,
      extensions: [
        { attach: (mcp) => attachFixtures(mcp, { changes, requestState }) },
        { attach: (mcp) => attachTaskFixtures(mcp, store, tasks) },
      ],
      sdk: { requestState },
    });
    close = () => app.close();
    return Promise.resolve((request) => app.fetch(request));
  });
  try {
    await use(`${server.url}/mcp`);
  } finally {
    await stopTraining(lab.workspace);
    await close();
    await server.close();
    lab.close();
    await removeFolder(folder);
  }
}

if (import.meta.main) {
  await withConformanceServer(async (url) => {
    console.log(url);
    await new Promise(() => {});
  });
}
