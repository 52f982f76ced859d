import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { download, type DownloadOptions, type DownloadProgress } from "../../data/download.ts";
import { sha256 } from "../../data/files.ts";
import { uniforms, UserError } from "../../engine/mod.ts";
import { closedAddress, serveFiles } from "./file_server.ts";

// Random bytes, so that the compressed file is large enough to be cut in pieces.
const CONTENT = Uint8Array.from(
  uniforms({ seed: 1, stream: "download-test", step: 0 }, 300_000),
  (x) => Math.floor(x * 256),
);
const FILE = new Uint8Array(gzipSync(CONTENT));
/** The same content in another gzip wrapper, as two mirrors may have it. */
const OTHER_FILE = new Uint8Array(gzipSync(CONTENT, { level: 0 }));
const EXPECTED = { bytes: CONTENT.length, sha256: sha256(CONTENT) };

/** Downloads `digits.gz` from the given servers into a fresh folder. */
async function fetchInto(folder: string, servers: string[], options: DownloadOptions = {}) {
  return await download({
    name: "digits.gz",
    urls: servers.map((server) => `${server}digits.gz`),
    expected: EXPECTED,
    destination: join(folder, "digits.gz"),
  }, options);
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => assert.fail("it succeeded"), (reason) => reason);
  assert.ok(error instanceof UserError, `${error}`);
  return error.message;
}

const fileNames = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync();
  [Symbol.dispose]() {
    Deno.removeSync(this.path, { recursive: true });
  }
}

Deno.test("download() fetches, verifies and keeps a whole file, with progress", async () => {
  using folder = new Folder();
  await using server = await serveFiles({ "digits.gz": FILE });
  const progress: DownloadProgress[] = [];
  const content = await fetchInto(folder.path, [server.url], {
    onProgress: (now) => progress.push(now),
  });
  assert.deepEqual(new Uint8Array(content), CONTENT);
  assert.deepEqual(fileNames(folder.path), ["digits.gz"]);
  assert.deepEqual(Deno.readFileSync(join(folder.path, "digits.gz")), FILE);
  assert.deepEqual(server.requests, ["digits.gz"]);
  assert.ok(progress.length >= 2);
  assert.ok(
    progress.every((now, i) => i === 0 || now.receivedBytes > progress[i - 1]!.receivedBytes),
  );
  assert.deepEqual(progress.at(-1), {
    file: "digits.gz",
    receivedBytes: FILE.length,
    totalBytes: FILE.length,
  });
});

Deno.test("download() resumes a cut connection where it broke", async () => {
  using folder = new Folder();
  await using server = await serveFiles({ "digits.gz": FILE }, (request) => {
    return request < 2 ? { cutAfter: request === 0 ? 100_000 : 50_000 } : "well";
  });
  const progress: DownloadProgress[] = [];
  const content = await fetchInto(folder.path, [server.url], {
    onProgress: (now) => progress.push(now),
  });
  assert.deepEqual(new Uint8Array(content), CONTENT);
  assert.deepEqual(server.requests, [
    "digits.gz",
    "digits.gz bytes=100000-",
    "digits.gz bytes=150000-",
  ]);
  assert.ok(progress.every((now) => now.totalBytes === FILE.length));
});

Deno.test("download() goes on with the bytes an earlier process left", async () => {
  using folder = new Folder();
  Deno.writeFileSync(join(folder.path, "digits.gz.part"), FILE.subarray(0, 77));
  await using server = await serveFiles({ "digits.gz": FILE });
  await fetchInto(folder.path, [server.url]);
  assert.deepEqual(server.requests, ["digits.gz bytes=77-"]);
  assert.deepEqual(Deno.readFileSync(join(folder.path, "digits.gz")), FILE);
});

Deno.test("download() accepts a part that was complete but never renamed", async () => {
  using folder = new Folder();
  Deno.writeFileSync(join(folder.path, "digits.gz.part"), FILE);
  await using server = await serveFiles({ "digits.gz": FILE });
  assert.deepEqual(new Uint8Array(await fetchInto(folder.path, [server.url])), CONTENT);
  assert.deepEqual(fileNames(folder.path), ["digits.gz"]);
});

Deno.test("download() starts over where a server ignores ranges", async () => {
  using folder = new Folder();
  await using server = await serveFiles({ "digits.gz": FILE }, (request) => {
    return request === 0 ? { cutAfter: 100_000 } : "without ranges";
  });
  assert.deepEqual(new Uint8Array(await fetchInto(folder.path, [server.url])), CONTENT);
  assert.deepEqual(server.requests, ["digits.gz", "digits.gz bytes=100000-"]);
  assert.deepEqual(Deno.readFileSync(join(folder.path, "digits.gz")), FILE);
});

Deno.test("download() distrusts a server that resumes at another byte than asked", async () => {
  using folder = new Folder();
  Deno.writeFileSync(join(folder.path, "digits.gz.part"), FILE.subarray(0, 100));
  await using liar = await serveFiles({ "digits.gz": FILE }, () => {
    return { start: 50, cutAfter: 1000 };
  });
  await using honest = await serveFiles({ "digits.gz": FILE });
  await fetchInto(folder.path, [liar.url, honest.url]);
  assert.deepEqual(honest.requests, ["digits.gz bytes=100-"]);
});

Deno.test("download() removes content with a wrong checksum and says so", async () => {
  using folder = new Folder();
  const wrong = new Uint8Array(gzipSync(CONTENT.toReversed()));
  await using server = await serveFiles({ "digits.gz": wrong });
  const message = await refusal(fetchInto(folder.path, [server.url]));
  assert.equal(
    message,
    `Cannot download digits.gz: ${server.url}digits.gz: its content has SHA-256 ` +
      `${sha256(CONTENT.toReversed())}, expected is ${EXPECTED.sha256}; the file was removed`,
  );
  assert.deepEqual(fileNames(folder.path), []);
  assert.equal(server.requests.length, 1);
});

Deno.test("download() does not unpack more than the content may be", async () => {
  using folder = new Folder();
  const bomb = new Uint8Array(gzipSync(new Uint8Array(50_000_000)));
  await using server = await serveFiles({ "digits.gz": bomb });
  assert.match(
    await refusal(fetchInto(folder.path, [server.url])),
    /it cannot be decompressed .*; the file was removed$/,
  );
});

Deno.test("download() fetches anew what two servers' different wrappers spoiled", async () => {
  using folder = new Folder();
  await using first = await serveFiles({ "digits.gz": OTHER_FILE }, (request) => {
    return request === 0 ? { cutAfter: 100_000 } : { status: 503 };
  });
  await using second = await serveFiles({ "digits.gz": FILE });
  assert.deepEqual(new Uint8Array(await fetchInto(folder.path, [first.url, second.url])), CONTENT);
  assert.deepEqual(first.requests, ["digits.gz", "digits.gz bytes=100000-"]);
  assert.deepEqual(second.requests, ["digits.gz bytes=100000-", "digits.gz"]);
});

Deno.test("download() turns to the next server when one is down, missing the file or silent", async () => {
  for (const trouble of ["down", "missing", "silent"] as const) {
    using folder = new Folder();
    await using good = await serveFiles({ "digits.gz": FILE });
    await using bad = await serveFiles(trouble === "silent" ? { "digits.gz": FILE } : {}, () => {
      return "silent";
    });
    const first = trouble === "down" ? closedAddress() : bad.url;
    const content = await fetchInto(folder.path, [first, good.url], { silenceMilliseconds: 200 });
    assert.deepEqual(new Uint8Array(content), CONTENT, trouble);
    assert.deepEqual(good.requests, ["digits.gz"], trouble);
  }
});

Deno.test("download() names every server with its reason when none delivers", async () => {
  using folder = new Folder();
  const closed = closedAddress();
  await using missing = await serveFiles({});
  const message = await refusal(fetchInto(folder.path, [closed, missing.url]));
  const [first, second] = message.split("; ");
  assert.match(
    first!,
    /^Cannot download digits\.gz: http:\/\/127\.0\.0\.1:\d+\/digits\.gz: .*refused/,
  );
  assert.equal(second, `${missing.url}digits.gz: HTTP 404 Not Found`);
});

Deno.test("download() gives a server up that cuts the connection again and again", async () => {
  using folder = new Folder();
  await using server = await serveFiles({ "digits.gz": FILE }, () => ({ cutAfter: 100 }));
  assert.match(
    await refusal(fetchInto(folder.path, [server.url])),
    /the connection was cut 20 times$/,
  );
  assert.equal(server.requests.length, 20);
});

Deno.test("download() stops on its signal and keeps what has arrived", async () => {
  using folder = new Folder();
  const controller = new AbortController();
  await using server = await serveFiles({ "digits.gz": FILE }, (request) => {
    return request === 0 ? { cutAfter: 100_000 } : "well";
  });
  const stopped = fetchInto(folder.path, [server.url], {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await assert.rejects(stopped, { name: "AbortError" });
  assert.deepEqual(fileNames(folder.path), ["digits.gz.part"]);
  const { size } = Deno.statSync(join(folder.path, "digits.gz.part"));
  assert.deepEqual(new Uint8Array(await fetchInto(folder.path, [server.url])), CONTENT);
  assert.deepEqual(server.requests, ["digits.gz", `digits.gz bytes=${size}-`]);
});
