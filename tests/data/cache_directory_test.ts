import assert from "node:assert/strict";
import { join } from "node:path";
import { cacheDirectory } from "../../data/files.ts";

type System = typeof Deno.build.os;
const on = (os: System, variables: Record<string, string>) =>
  cacheDirectory({ os, env: (name) => variables[name] });

Deno.test("cacheDirectory() follows the custom of each operating system", () => {
  assert.equal(on("linux", { HOME: "/home/ada" }), "/home/ada/.cache/textdiffusion");
  assert.equal(on("darwin", { HOME: "/Users/ada" }), "/Users/ada/Library/Caches/textdiffusion");
  assert.equal(on("windows", { LOCALAPPDATA: "/ada/Local" }), "/ada/Local/textdiffusion");
  assert.equal(on("freebsd", { HOME: "/home/ada" }), "/home/ada/.cache/textdiffusion");
});

Deno.test("cacheDirectory() prefers XDG_CACHE_HOME, unless it is relative or empty", () => {
  const HOME = "/home/ada";
  assert.equal(on("linux", { HOME, XDG_CACHE_HOME: "/var/cache" }), "/var/cache/textdiffusion");
  assert.equal(on("linux", { HOME, XDG_CACHE_HOME: "cache" }), "/home/ada/.cache/textdiffusion");
  assert.equal(on("linux", { HOME, XDG_CACHE_HOME: "" }), "/home/ada/.cache/textdiffusion");
});

Deno.test("cacheDirectory() looks at this machine by default", () => {
  const home = Deno.env.get("XDG_CACHE_HOME") ?? Deno.env.get("HOME") ??
    Deno.env.get("LOCALAPPDATA");
  assert.ok(cacheDirectory().startsWith(join(home!, "")));
});

Deno.test("cacheDirectory() says which variable is missing", () => {
  const message = (name: string) => ({
    name: "UserError",
    message: `Cannot find a cache directory: the environment variable ${name} is not set; ` +
      "set it, or name a directory with the data with TEXTDIFFUSION_DATA",
  });
  assert.throws(() => on("linux", {}), message("HOME"));
  assert.throws(() => on("windows", { HOME: "/ada" }), message("LOCALAPPDATA"));
});
