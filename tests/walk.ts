/** The TypeScript sources under some paths of the repository, relative to its root. */
export async function walk(paths: readonly string[]): Promise<string[]> {
  const root = new URL("../", import.meta.url);
  const found: string[] = [];
  for (const path of paths) {
    if (path.endsWith(".ts")) {
      found.push(path);
      continue;
    }
    for await (const { name, isDirectory } of Deno.readDir(new URL(path, root))) {
      if (isDirectory) found.push(...await walk([`${path}/${name}`]));
      else if (/\.tsx?$/.test(name)) found.push(`${path}/${name}`);
    }
  }
  return found;
}
