/** Where downloads are kept between runs. */
import { isAbsolute, join } from "node:path";
import { UserError } from "../engine/host/mod.ts";

/** What the choice depends on. */
export interface Surroundings {
  readonly os: typeof Deno.build.os;
  env(name: string): string | undefined;
}

/**
 * The directory for this program's caches, by the custom of the operating system: `XDG_CACHE_HOME`
 * where it is set (an absolute path, by the XDG Base Directory Specification), else
 * `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows, `~/.cache` elsewhere; in it
 * `textdiffusion`.
 *
 * @throws {UserError} If the environment names no home.
 */
export function cacheDirectory(
  { os, env }: Surroundings = { os: Deno.build.os, env: (name) => Deno.env.get(name) },
): string {
  const xdg = env("XDG_CACHE_HOME");
  if (xdg && isAbsolute(xdg)) return join(xdg, "textdiffusion");
  const [variable, below] = os === "windows"
    ? ["LOCALAPPDATA", ""]
    : ["HOME", os === "darwin" ? "Library/Caches" : ".cache"];
  const base = env(variable);
  if (!base) {
    throw new UserError(
      `Cannot find a cache directory: the environment variable ${variable} is not set; ` +
        "set it, or name a directory with the data with TEXTDIFFUSION_DATA",
    );
  }
  return join(base, below, "textdiffusion");
}
