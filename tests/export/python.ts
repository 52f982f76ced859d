/** The official Python packages, which judge what we write. */
import { fileURLToPath } from "node:url";

const INSTALL = "python3 -m pip install onnx safetensors numpy";

/**
 * Runs a script of this folder, and gives what it prints, which is JSON.
 *
 * @throws If Python or a package is missing (saying how to install it), or the script fails.
 */
export async function python(script: string, ...args: string[]): Promise<unknown> {
  await packages();
  return JSON.parse(await execute([fileURLToPath(new URL(script, import.meta.url)), ...args]));
}

let checked: Promise<string> | undefined;

/** Looks once whether the packages are there. */
function packages(): Promise<string> {
  return checked ??= execute(["-c", "import numpy, onnx, safetensors"]).catch((error) => {
    throw new Error(`The export tests need Python packages: ${INSTALL}\n${error.message}`);
  });
}

async function execute(args: string[]): Promise<string> {
  const command = new Deno.Command("python3", { args });
  const { success, stdout, stderr } = await command.output().catch((error: unknown) => {
    throw new Error(`Cannot run python3 (${error}): install Python 3, then ${INSTALL}`);
  });
  const [out, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`python3 failed: ${complaint}`);
  return out!;
}
