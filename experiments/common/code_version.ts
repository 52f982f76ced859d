/** Which code made a number. */
import { spawnSync } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);
let known: string | undefined;

/**
 * The commit of this code, 12 hex digits, with "-dirty" where files differ from it; the package's
 * version where the code is not a checkout of its own.
 */
export function codeVersion(): string {
  return known ??= commit() ?? packageVersion();
}

function commit(): string | undefined {
  if (root.protocol !== "file:") return undefined;
  const folder = fileURLToPath(root);
  const top = git(folder, "rev-parse", "--show-toplevel");
  if (top === undefined || realpathSync(top) !== realpathSync(folder)) return undefined;
  const hash = git(folder, "rev-parse", "--short=12", "HEAD");
  const changes = git(folder, "status", "--porcelain", "--untracked-files=no");
  return hash && (changes ? `${hash}-dirty` : hash);
}

function git(folder: string, ...args: string[]): string | undefined {
  const { status, stdout } = spawnSync("git", ["-C", folder, ...args], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

function packageVersion(): string {
  if (root.protocol !== "file:") return root.href;
  const { version } = JSON.parse(readFileSync(new URL("deno.json", root), "utf8")) as {
    version: string;
  };
  return version;
}
