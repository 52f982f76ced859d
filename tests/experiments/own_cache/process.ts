/**
 * Tests that fill the operating system's cache, each file in a process of its own with a cache of its
 * own: the environment, which names the cache, belongs to a process, and others are tested in this one.
 */
import assert from "node:assert/strict";

/** Declares a test that runs the tests of a file of this folder. */
export function testInOwnCache(subject: string): void {
  Deno.test(`in a process and a cache of its own: ${subject}`, async () => {
    const cache = Deno.makeTempDirSync();
    try {
      const file = new URL(`./${subject}.ts`, import.meta.url);
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["test", "--no-check", "--allow-all", file.href],
        env: { XDG_CACHE_HOME: cache, DENO_DIR: denoDirectory(), NO_COLOR: "1" },
      }).output();
      const [printed, mistakes] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      assert.ok(success, `${printed}\n${mistakes}`);
      assert.match(printed!, /^ok \| [1-9]\d* passed .*\| 0 failed/m);
    } finally {
      Deno.removeSync(cache, { recursive: true });
    }
  });
}

/** Deno's own cache stays where it is: another process would download every package again. */
function denoDirectory(): string {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}
