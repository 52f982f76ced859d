/** Fetches an assistant from the npm registry, once for each version. */
import { dirname, join } from "node:path";
import { cacheDirectory } from "../../data/mod.ts";
import type { Assistant } from "./assistants/mod.ts";

const PROGRAMS = "node_modules/.bin";

/**
 * The folder of an assistant's programs, in this program's cache folder. What is not there yet is
 * installed beside its place, tried, and then moved, so that half an installation is never taken for
 * a whole one.
 *
 * @throws If npm cannot be run or cannot deliver the package, or the program does not start.
 */
export async function programsOf(assistant: Assistant): Promise<string> {
  const { package: name, version, program } = assistant;
  const folder = join(cacheDirectory(), "assistants", `${name.replaceAll("/", "-")}-${version}`);
  if (await exists(folder)) return join(folder, PROGRAMS);
  await Deno.mkdir(dirname(folder), { recursive: true });
  const partial = await Deno.makeTempDir({ dir: dirname(folder), prefix: "installing-" });
  try {
    await execute("npm", ["install", "--no-save", "--prefix", partial, `${name}@${version}`]);
    // npm does without optional packages that it cannot get, and one of them may be the program.
    await execute(join(partial, PROGRAMS, program), ["--version"], { HOME: partial });
    await Deno.rename(partial, folder);
  } catch (error) {
    await Deno.remove(partial, { recursive: true });
    throw error;
  }
  return join(folder, PROGRAMS);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function execute(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, env, stdout: "null" })
    .output().catch((error: unknown) => {
      throw new Error(
        `Cannot run ${command}: ${error}; npm comes with Node.js (https://nodejs.org)`,
      );
    });
  if (!success) {
    const complaint = new TextDecoder().decode(stderr);
    throw new Error(`${[command, ...args].join(" ")} failed: ${complaint}`);
  }
}
