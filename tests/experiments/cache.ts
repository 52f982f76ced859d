/** Another place for the cache of the operating system. */
/**
 * Has decoded pictures and trained classifiers cached here. Deno's own cache stays where it is: processes of their own would
 * download every package again.
 */
export function cacheIn(path: string): Disposable {
  const variables = { XDG_CACHE_HOME: path, DENO_DIR: denoDirectory() };
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  return {
    [Symbol.dispose]() {
      for (const [name, value] of before) {
        if (value === undefined) Deno.env.delete(name);
        else Deno.env.set(name, value);
      }
    },
  };
}

function denoDirectory(): string {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}
