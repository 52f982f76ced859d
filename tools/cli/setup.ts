import { counted, UserError } from "../../engine/host/mod.ts";
import { z } from "zod";
import { commonOptions, defineCommand } from "./command.ts";
import { withProgressBar } from "./terminal.ts";
import {
  cachedPackages,
  fetchPart,
  folderBytes,
  packageCache,
  type Part,
  PARTS,
  partState,
} from "./packages.ts";

/**
 * Fetches every npm package that server, viewer, demo and training need, so that nothing is fetched
 * later, and tries out those that are native code.
 */
export const setupCommand = defineCommand({
  schema: z.strictObject({
    check: z.boolean().default(false).describe("Only looks what is here, and fetches nothing"),
    ...commonOptions,
  }),
  async run({ check }) {
    const cache = await packageCache();
    console.log(`The npm packages of the program, in ${cache}:`);
    const missing: Part[] = [];
    for (const part of PARTS) {
      const { complete, bytes } = await partState(part, cache);
      if (!complete) missing.push(part);
      const size = complete ? `here, ${megabytes(bytes)}` : `missing, about ${part.megabytes} MB`;
      console.log(`  ${part.title}: ${size}`);
    }
    if (missing.length === 0) console.log("Everything was here already.");
    else if (check) {
      console.log("Fetch what is missing with: deno task setup");
      return 1;
    } else await fetchAll(missing, cache);
    const working = [
      await works("Training", tryTraining),
      await works("Drawing", tryDrawing),
    ];
    if (!working.every(Boolean)) return 1;
    console.log(
      "Ready: no later start asks the npm registry. The pretrained models and MNIST-6k are in the " +
        "repository; public data sets are fetched when a run first asks for one.",
    );
    return 0;
  },
});

/** Fetches parts, with a bar, and says what came. */
async function fetchAll(parts: readonly Part[], cache: string): Promise<void> {
  const began = performance.now();
  const before = await cachedPackages(cache);
  const total = parts.reduce((sum, { megabytes }) => sum + megabytes, 0);
  const arrived = async () => {
    const folders = [...await cachedPackages(cache)].filter((folder) => !before.has(folder));
    const sizes = await Promise.all(folders.map(folderBytes));
    return { count: folders.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
  };
  await withProgressBar(async (onProgress) => {
    for (const part of parts) {
      const look = async () => {
        const { bytes } = await arrived();
        const message = `${part.title}: ${megabytes(bytes)} of about ${total} MB so far`;
        onProgress({ done: Math.min(bytes / 1e6, total), total, message });
      };
      await look();
      const timer = setInterval(() => look().catch(() => {}), LOOK_EVERY_MS);
      try {
        await fetchMissing(part);
      } finally {
        clearInterval(timer);
      }
    }
  });
  const { count, bytes } = await arrived();
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`Fetched ${counted(count, "package")}, ${megabytes(bytes)}, in ${seconds} s.`);
}

/** Interval between two updates of the progress bar, in milliseconds. */
const LOOK_EVERY_MS = 500;

/** @throws {UserError} If the registry does not give it, with what to do. */
async function fetchMissing(part: Part): Promise<void> {
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

/** The device that would train the demo's network, and the state of the others. */
async function tryTraining(): Promise<string> {
  const { trainingDevice } = await import("../../experiments/mod.ts");
  const { device, reason } = await trainingDevice("demo", { dataset: "mnist-6k" });
  return `auto takes ${device}: ${reason}`;
}

async function tryDrawing(): Promise<string> {
  const { svgToPng } = await import("../../figures/mod.ts");
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><text y="15">a</text></svg>';
  const png = await svgToPng(svg);
  return `a PNG of ${counted(png.length, "byte")}`;
}
