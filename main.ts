/** The command line: finds the command, runs it, and says what went wrong. */
import { explained, UserError } from "./engine/host/mod.ts";
import { runCommandLine } from "./tools/mod.ts";

/** Runs one command and answers with the process's exit code. */
async function main(args: readonly string[]): Promise<number> {
  return await runCommandLine(args, {
    openViewer: async (lab) => (await import("./web/mod.tsx")).createApp(lab),
  });
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (failure) {
    const error = explained(failure);
    console.error(error instanceof UserError ? error.message : error);
    Deno.exit(1);
  }
}
