/** The npm packages that the program needs, by what they are for, and Deno's cache of them. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import importMap from "../../import_map.json" with { type: "json" };

type PackageName = keyof typeof importMap.imports;

/** Packages that are fetched together. */
export interface Part {
  readonly title: string;
  readonly packages: readonly PackageName[];
}

/** All that the modules of the program import; tests and benchmarks need more. */
export const PARTS: readonly Part[] = [
  {
    title: "MCP server and journal",
    packages: [
      "@modelcontextprotocol/server",
      "@modelcontextprotocol/hono",
      "hono",
      "yaml",
      "zod",
    ],
  },
  {
    title: "Pictures and viewer",
    packages: ["@resvg/resvg-js", "d3-scale", "dejavu-fonts-ttf", "markdown-it", "sharp"],
  },
  {
    title: "Training, sampling, evaluation",
    packages: [
      "@huggingface/tokenizers",
      "@tensorflow/tfjs-backend-cpu",
      "@tensorflow/tfjs-backend-webgpu",
      "@tensorflow/tfjs-core",
      "@tensorflow/tfjs-layers",
      "onnx-proto",
      "onnxruntime-node",
    ],
  },
];

/**
 * Fetches the packages of a part, and what they depend on, into Deno's cache.
 *
 * @throws {Error} If one cannot be fetched; the message is the beginning of Deno's.
 */
export async function fetchPart({ packages }: Part): Promise<void> {
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "cache",
      "--quiet",
      `--config=${here("../../deno.json")}`,
      `--lock=${here("../../deno.lock")}`,
      "--frozen",
      ...packages.map((name) => importMap.imports[name]),
    ],
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) {
    const [what, why] = new TextDecoder().decode(stderr).trim().split("\n");
    throw new Error([what, why].map((line) => line?.replace(/^\s*(error|0): /, "")).join(": "));
  }
}

/** The folder of Deno's cache that holds npm packages. */
export async function packageCache(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout)) as { npmCache: string };
  return npmCache;
}

/** The folders of the packages in a cache, one for each version: REGISTRY/[@SCOPE/]NAME/VERSION. */
export async function cachedPackages(cache: string): Promise<Set<string>> {
  const found = new Set<string>();
  for (const registry of await subfolders(cache)) {
    for (const name of await subfolders(registry)) {
      const packages = name.startsWith(join(registry, "@")) ? await subfolders(name) : [name];
      for (const folder of packages) {
        for (const version of await subfolders(folder)) found.add(version);
      }
    }
  }
  return found;
}

async function subfolders(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return [];
    throw error;
  }
}

/** The sizes of all files in a folder and those below, in bytes. */
export async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await folderBytes(path);
    else if (entry.isFile()) bytes += (await stat(path)).size;
  }
  return bytes;
}
