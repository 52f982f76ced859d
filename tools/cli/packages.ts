/** The npm packages that the program needs, and what of them is in Deno's cache. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import importMap from "../../import_map.json" with { type: "json" };

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

type PackageName = keyof typeof importMap.imports;

/** Packages that are fetched together. */
export interface Part {
  readonly title: string;
  /** About how much its packages take up, with what they depend on. */
  readonly megabytes: number;
  readonly packages: readonly PackageName[];
}

/** All that the modules of the program import; tests and benchmarks need more. */
export const PARTS: readonly Part[] = [
  {
    title: "MCP server and journal",
    megabytes: 17,
    packages: [
      "@modelcontextprotocol/server",
      "commander",
      "fastest-levenshtein",
      "hono",
      "yaml",
      "zod",
    ],
  },
  {
    title: "Pictures and viewer",
    megabytes: 64,
    packages: ["@resvg/resvg-js", "d3-scale", "dejavu-fonts-ttf", "markdown-it", "sharp"],
  },
  {
    title: "Training, sampling, evaluation",
    megabytes: 420,
    packages: [
      "@huggingface/tokenizers",
      "@tensorflow/tfjs-backend-cpu",
      "@tensorflow/tfjs-backend-webgpu",
      "@tensorflow/tfjs-core",
      "@tensorflow/tfjs-layers",
      "ml-matrix",
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

/** The share of a part's packages that is in the cache. */
interface PartState {
  /** Whether everything is there that it cannot do without. */
  readonly complete: boolean;
  /** Size of the cached packages and their dependencies. */
  readonly bytes: number;
}

/** Looks what of a part is in the cache, by the lockfile. Packages for other machines are optional. */
export async function partState({ packages }: Part, cache: string): Promise<PartState> {
  const locked = JSON.parse(await readFile(here("../../deno.lock"), "utf8")) as Lock;
  const required = new Map<string, boolean>();
  const visit = (key: string, needed: boolean) => {
    if (required.has(key) && (required.get(key) || !needed)) return;
    required.set(key, needed);
    const { dependencies = [], optionalDependencies = [] } = locked.npm[key] ?? {};
    const follow = (names: readonly string[], needed: boolean) => {
      for (const name of names) {
        const exact = Object.hasOwn(locked.npm, name);
        const found = exact ? [name] : Object.keys(locked.npm).filter((k) => nameOf(k) === name);
        found.forEach((key) => visit(key, needed));
      }
    };
    follow(dependencies, needed);
    follow(optionalDependencies, false);
  };
  for (const name of packages) {
    const specifier = importMap.imports[name];
    visit(`${nameOf(specifier.slice("npm:".length))}@${locked.specifiers[specifier]}`, true);
  }
  const cached = [...await cachedPackages(cache)];
  const states = [...required].map(([key, needed]) => {
    const [version = ""] = key.slice(nameOf(key).length + 1).split("_");
    const folder = cached.find((path) => path.endsWith(sep + join(nameOf(key), version)));
    return { folder, needed };
  });
  const folders = new Set(states.flatMap(({ folder }) => folder ?? []));
  const sizes = await Promise.all([...folders].map(folderBytes));
  return {
    complete: states.every(({ folder, needed }) => folder !== undefined || !needed),
    bytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}

/** "@scope/name" of "@scope/name@1.2.3_peer@4.5.6". */
const nameOf = (key: string) => /^(@[^/]+\/)?[^@]+/.exec(key)![0];

/** The fields of deno.lock that are read here. */
interface Lock {
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<
    Record<string, { dependencies?: readonly string[]; optionalDependencies?: readonly string[] }>
  >;
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
