/** Who may use the server over HTTP, and what a request may be like. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openLab } from "../../experiments/mod.ts";
import { type AccessOptions, accessTo, tokenFile } from "../../tools/access.ts";
import { createHttpApp, type HttpApp } from "../../tools/http.ts";
import { removeFolder } from "../experiments/workspace.ts";

/** An application over an empty workspace, asked without a network. */
async function withApp(
  options: Partial<AccessOptions>,
  use: (app: HttpApp, workspace: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "textdiffusion-" });
  const lab = openLab({ workspace: join(folder, "workspace") });
  const access = accessTo({ host: "127.0.0.1", ...options, workspace: lab.workspace });
  const app = createHttpApp(lab, {
    viewerUrl: "http://127.0.0.1:1",
    access,
    openViewer: () => Promise.resolve({ fetch: () => new Response("a page") }),
    bodyMs: 200,
  });
  try {
    await use(app, lab.workspace);
  } finally {
    await app.close();
    lab.close();
    await removeFolder(folder);
  }
}

const get = (app: HttpApp, path: string, headers: Record<string, string> = {}) =>
  app.fetch(
    new Request(`http://127.0.0.1:1${path}`, { headers: { host: "127.0.0.1:1", ...headers } }),
  );

const LIST = { jsonrpc: "2.0", id: 1, method: "tools/list" };

const post = (app: HttpApp, body: BodyInit, headers: Record<string, string> = {}) =>
  app.fetch(
    new Request("http://127.0.0.1:1/mcp", {
      method: "POST",
      body,
      headers: {
        host: "127.0.0.1:1",
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...headers,
      },
    }),
  );

Deno.test("a foreign Host or Origin is refused in words, on pages and by JSON-RPC", () =>
  withApp({}, async (app) => {
    const page = await get(app, "/", { host: "evil.example" });
    assert.equal(page.status, 403);
    assert.match(
      await page.text(),
      /its own names only \(localhost, .*"evil\.example".*--allow-host/,
    );
    const origin = await post(app, JSON.stringify(LIST), { origin: "https://evil.example" });
    assert.equal(origin.status, 403);
    assert.match((await origin.json()).error.message, /page of "https:\/\/evil\.example"/);
    assert.equal((await get(app, "/", { host: "LocalHost:80" })).status, 200);
  }));

Deno.test("--allow-host adds a name, in whatever case it is written", () =>
  withApp({ allowHost: ["Lab.Example.org"] }, async (app) => {
    assert.equal((await get(app, "/", { host: "lab.example.ORG" })).status, 200);
    const sent = await post(app, JSON.stringify(LIST), {
      host: "lab.example.org",
      origin: "https://LAB.example.org",
    });
    assert.equal(sent.status, 200);
    assert.equal((await get(app, "/", { host: "example.org" })).status, 403);
  }));

Deno.test("a server that other machines reach wants its token, kept in a file of its own", () =>
  withApp({ host: "0.0.0.0" }, async (app, workspace) => {
    const token = (await Deno.readTextFile(tokenFile(workspace))).trim();
    assert.ok(token.length >= 32);
    if (Deno.build.os !== "windows") {
      assert.equal((await Deno.stat(tokenFile(workspace))).mode! & 0o777, 0o600);
    }
    const again = accessTo({ host: "0.0.0.0", workspace });
    assert.deepEqual([again.token, again.isNew], [token, false]);

    const refused = await post(app, JSON.stringify(LIST));
    assert.equal(refused.status, 401);
    assert.match(refused.headers.get("www-authenticate")!, /^Bearer/);
    assert.match((await refused.json()).error.message, /wants its token/);
    const wrong = await post(app, JSON.stringify(LIST), { authorization: `Bearer ${token}x` });
    assert.equal(wrong.status, 401);
    const right = await post(app, JSON.stringify(LIST), { authorization: `Bearer ${token}` });
    assert.equal(right.status, 200);

    assert.equal((await get(app, "/runs")).status, 401);
    const entered = await get(app, `/runs?status=running&token=${token}`);
    assert.equal(entered.status, 303);
    assert.equal(entered.headers.get("location"), "/runs?status=running");
    const cookie = entered.headers.get("set-cookie")!;
    assert.match(cookie, /HttpOnly; SameSite=Lax/);
    const pair = cookie.split(";")[0]!;
    assert.equal((await get(app, "/runs", { cookie: pair })).status, 200);
    // What a browser sends by itself opens the pages, not the tools.
    assert.equal((await post(app, JSON.stringify(LIST), { cookie: pair })).status, 401);
    assert.equal((await get(app, `/runs?token=${token}x`)).status, 401);
  }));

Deno.test("a token of one's own is wanted on loopback, too, and may not be short", () =>
  withApp({ token: "a-token-of-my-own" }, async (app, workspace) => {
    assert.equal((await get(app, "/")).status, 401);
    assert.equal((await get(app, "/", { authorization: "Bearer a-token-of-my-own" })).status, 200);
    assert.throws(
      () => accessTo({ host: "127.0.0.1", token: "short", workspace }),
      /token has 5 characters, but must have at least 16/,
    );
    assert.throws(
      () => accessTo({ host: "127.0.0.1", allowHost: ["a/b"], workspace }),
      /allow_host is "a\/b", but must be the name of a machine/,
    );
  }));

Deno.test("bodies that are too long, too slow or no JSON get a JSON-RPC error", () =>
  withApp({}, async (app) => {
    const error = async (sent: Promise<Response>, status: number, words: RegExp) => {
      const response = await sent;
      assert.equal(response.status, status);
      const { jsonrpc, error } = await response.json();
      assert.equal(jsonrpc, "2.0");
      assert.match(error.message, words);
    };
    await error(post(app, "{"), 400, /not valid JSON/);
    await error(post(app, ""), 400, /not valid JSON/);
    await error(post(app, "{}", { "content-type": "text/plain" }), 415, /application\/json/);
    await error(post(app, "a".repeat(4 * 1024 * 1024 + 1)), 413, /longer than 4194304 bytes/);
    await error(post(app, JSON.stringify({ ...LIST, params: 4 })), 400, /params is a number/);
    await error(post(app, JSON.stringify({ ...LIST, id: {} })), 400, /id is \{\}/);
    const slow = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode("{")),
    });
    await error(post(app, slow), 408, /took longer than 0\.2 s/);
  }));

Deno.test("GET on /mcp needs a session, and pages are only read", () =>
  withApp({}, async (app) => {
    const stream = await get(app, "/mcp", { accept: "text/event-stream" });
    assert.equal(stream.status, 405);
    assert.equal(stream.headers.get("allow"), "POST");
    assert.match((await stream.json()).error.message, /needs the Mcp-Session-Id of a session/);
    const unknown = await get(app, "/mcp", { "mcp-session-id": "gone" });
    assert.equal(unknown.status, 404);
    const write = new Request("http://127.0.0.1:1/runs", {
      method: "POST",
      headers: { host: "127.0.0.1:1" },
    });
    assert.equal((await app.fetch(write)).status, 405);
  }));
