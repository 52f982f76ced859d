/** Paths that lead to no regular file. */
import { join } from "node:path";

/** Makes a named pipe, which nobody writes to. */
export function makePipe(path: string): string {
  const { success, stderr } = new Deno.Command("mkfifo", { args: [path] }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return path;
}

/** A folder of a pipe, a link to an endless device, and a file of 16 GiB that takes no room. */
export class SpecialFiles implements Disposable {
  readonly path = Deno.makeTempDirSync();
  readonly pipe = makePipe(join(this.path, "pipe"));
  readonly device = join(this.path, "device");
  readonly huge = join(this.path, "huge");
  constructor() {
    Deno.symlinkSync("/dev/zero", this.device);
    Deno.writeFileSync(this.huge, new Uint8Array());
    Deno.truncateSync(this.huge, 2 ** 34);
  }
  [Symbol.dispose]() {
    Deno.removeSync(this.path, { recursive: true });
  }
}
