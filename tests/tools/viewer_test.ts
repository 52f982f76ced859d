/** A workspace has one viewer, and its links last. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { currentClient, stdioCommand, textOf } from "./clients.ts";
import { removeFolder } from "../experiments/workspace.ts";

async function inWorkspace(use: (workspace: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "textdiffusion-" });
  try {
    await use(join(folder, "workspace"));
  } finally {
    await removeFolder(folder);
  }
}

/** A server over stdio, with the lines on pages that its answers end with. */
async function server(workspace: string, ...options: readonly string[]) {
  const caller = await currentClient("legacy", stdioCommand(workspace, ...options));
  return {
    link: async () => textOf(await caller.call("inspect-run")).split("\n").at(-1)!,
    close: () => caller.close(),
  };
}

const addressIn = (line: string) => /http:\S+?\/(?= |$)/m.exec(line)![0];

async function isUp(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}

Deno.test("the viewer keeps its address over restarts, and one server takes the place of another", () =>
  inWorkspace(async (workspace) => {
    const first = await server(workspace);
    const line = await first.link();
    const url = addressIn(line);
    assert.match(line, / \(the pages end with this client; `deno task start` keeps them up\)$/);
    assert.equal(await first.link(), `Show the person: ${url}`, "it is said once");
    assert.ok(await isUp(url));

    const second = await server(workspace);
    assert.equal(addressIn(await second.link()), url, "the viewer that is there");
    await first.close();
    const deadline = Date.now() + 30_000;
    while (!await isUp(url)) {
      assert.ok(Date.now() < deadline, "the second server takes its place");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await second.close();
    while (await isUp(url)) {
      assert.ok(Date.now() < deadline, "the viewer ends with the last server");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }

    const later = await server(workspace);
    assert.equal(addressIn(await later.link()), url, "yesterday's links work");
    await later.close();
  }));

Deno.test("a taken port is passed over, and a second workspace has a viewer of its own", () =>
  inWorkspace((one) =>
    inWorkspace(async (other) => {
      const first = await server(one);
      const second = await server(other);
      const [a, b] = [addressIn(await first.link()), addressIn(await second.link())];
      assert.notEqual(a, b);
      await first.close();
      await second.close();
      const listener = Deno.listen({ hostname: "127.0.0.1", port: Number(new URL(a).port) });
      const again = await server(one);
      const c = addressIn(await again.link());
      assert.notEqual(c, a);
      assert.ok(await isUp(c));
      listener.close();
      await again.close();
    })
  ));

Deno.test("beside a server that lasts, an assistant's server points at its pages", () =>
  inWorkspace(async (workspace) => {
    const { command, args, env } = stdioCommand(workspace, "--port", "0");
    const child = new Deno.Command(command, {
      args: args.map((arg) => arg === "mcp" ? "start" : arg),
      env,
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let said = "";
    while (!said.includes("claude mcp add")) said += (await reader.read()).value ?? "";
    const url = addressIn(said);
    const assistant = await server(workspace);
    assert.equal(await assistant.link(), `Show the person: ${url}`);
    await assistant.close();
    assert.ok(await isUp(url));
    child.kill();
    await reader.cancel();
    await child.status;
  }));
