import { counted, UserError } from "../../engine/host/mod.ts";
import { z } from "zod";
import { commonOptions, defineCommand } from "./command.ts";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import importMap from "../../import_map.json" with { type: "json" };

/**
 * Fetches every npm package that server, viewer, demo and training need, so that nothing is fetched
 * later, and tries out those that are native code.
 */
export const command = defineCommand({
  schema: z.strictObject(commonOptions),
  async run() {
    const began = performance.now();
    const cache = await packageCache();
    console.log(`Fetching the npm packages of the program, what is missing of them, into ${cache}`);
    let packages = 0;
    let bytes = 0;
    for (const part of PARTS) {
      const fetched = await fetchMissing(part, cache);
      packages += fetched.length;
      const sizes = await Promise.all(fetched.map(folderBytes));
      const size = sizes.reduce((sum, size) => sum + size, 0);
      bytes += size;
      const news = fetched.length === 0
        ? "already here"
        : `${counted(fetched.length, "package")}, ${megabytes(size)}`;
      console.log(`  ${part.title}: ${news}`);
    }
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(
      packages === 0
        ? "Everything was here already."
        : `Fetched ${counted(packages, "package")}, ${megabytes(bytes)}, in ${seconds} s.`,
    );
    const working = [
      await works("Training", tryTraining),
      await works("Drawing", tryDrawing),
    ];
    if (!working.every(Boolean)) return 1;
    console.log(
      "Ready: no later start asks the npm registry. Public data sets are fetched when a run first " +
        "asks for one.",
    );
    return 0;
  },
});

/** Fetches what a part lacks; answers with the folders that were not there before. */
async function fetchMissing(part: Part, cache: string): Promise<string[]> {
  const before = await cachedPackages(cache);
  try {
    await fetchPart(part);
  } catch (error) {
    throw new UserError(
      `${part.title}: the npm registry did not give what is missing (${
        (error as Error).message
      }). ` +
        "What came before is kept; HTTPS_PROXY, NPM_CONFIG_REGISTRY and .npmrc are heeded. Run " +
        "`deno task setup` again once the registry can be reached",
    );
  }
  return [...await cachedPackages(cache)].filter((folder) => !before.has(folder));
}

const megabytes = (bytes: number) => `${Math.max(1, Math.round(bytes / 1e6))} MB`;

/** Says whether a part works on this machine, and on what or why not. */
async function works(what: string, attempt: () => Promise<string>): Promise<boolean> {
  try {
    console.log(`${what} works here: ${await attempt()}`);
    return true;
  } catch (error) {
    console.log(`${what} does not work here: ${(error as Error).message}`);
    return false;
  }
}

async function tryTraining(): Promise<string> {
  const { openEngine, tf } = await import("../../engine/mod.ts");
  const engine = await openEngine({ device: "cpu" });
  const program = await engine.compile(
    ({ x }) => ({ y: tf.square(x!) }),
    { x: { shape: [2], dtype: "float32" } },
  );
  const { y } = await program.run({ x: Float32Array.of(3, 4) });
  await program.dispose();
  await engine.dispose();
  if (y?.[0] !== 9 || y[1] !== 16) throw new Error(`the squares of 3 and 4 came out as ${y}`);
  return engine.description;
}

async function tryDrawing(): Promise<string> {
  const { svgToPng } = await import("../../figures/mod.ts");
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><text y="15">a</text></svg>';
  const png = await svgToPng(svg);
  return `a PNG of ${counted(png.length, "byte")}`;
}

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
      "commander",
      "fastest-levenshtein",
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
