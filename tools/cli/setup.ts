import { UserError } from "../../engine/host/mod.ts";
import { counted } from "../rows.ts";
import type { Command } from "./command.ts";
import { parseOptions } from "./options.ts";
import {
  cachedPackages,
  fetchPart,
  folderBytes,
  packageCache,
  type Part,
  PARTS,
} from "./setup_packages.ts";

/**
 * Fetches every npm package that server, viewer, demo and training need, so that nothing is fetched
 * later, and tries out those that are native code.
 */
export const run: Command = async (args) => {
  parseOptions(args, {});
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
};

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
