import assert from "node:assert/strict";
import { join } from "node:path";
import { loadImageFolder } from "../../data/image_folder.ts";
import { Folder, writeDigits } from "./pictures.ts";

/** A file system of 64 KiB where this process may mount one, which takes an administrator. */
function mountSmall(path: string): Disposable | undefined {
  Deno.mkdirSync(path);
  const run = (command: string, ...args: string[]) =>
    new Deno.Command(command, { args, stderr: "null" }).outputSync().success;
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return undefined;
  if (!run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", path)) return undefined;
  return { [Symbol.dispose]: () => void run("umount", path) };
}

const EXPECTED =
  /^Cannot keep the decoded images of .*pictures in the cache .*\.pictures: No space left on device.*; free 1 MB there, or name another place with the environment variable XDG_CACHE_HOME$/;

Deno.test("a disk that fills up while pictures are cached leaves nothing half written", async () => {
  using folder = new Folder();
  await writeDigits(folder, 200, 10);
  using disk = mountSmall(folder.cache);
  if (!disk) return await onDeviceFull(folder);
  const load = (imageSize: number) =>
    loadImageFolder(folder.inside, { cache: folder.cache, imageSize });
  await assert.rejects(load(28), { name: "UserError", message: EXPECTED });
  assert.deepEqual(folder.cached(), [".lock"]);
  // What fits is kept.
  const { train } = await load(8);
  assert.deepEqual((await load(8)).train, train);
  assert.equal(folder.cached().length, 2);
});

/**
 * Without a file system of one's own, the device that is always full stands where the new file is
 * written. Only a process that may do everything may open it.
 */
async function onDeviceFull(folder: Folder): Promise<void> {
  const { cache, inside } = folder;
  await loadImageFolder(inside, { cache });
  const place = join(cache, "folders");
  const [name] = folder.cached().filter((name) => name.endsWith(".pictures"));
  Deno.removeSync(join(place, name!));
  Deno.symlinkSync("/dev/full", join(place, `${name}.part`));
  const module = new URL("../../data/image_folder.ts", import.meta.url);
  const script = `const { loadImageFolder } = await import(${JSON.stringify(module.href)});
    const [folder, cache] = ${JSON.stringify([inside, cache])};
    await loadImageFolder(folder, { cache }).catch((error) => console.log(error.message));`;
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["eval", script] }).outputSync();
  assert.match(new TextDecoder().decode(stdout).trim(), EXPECTED);
  assert.deepEqual(folder.cached(), [".lock"]);
}
