/** The command line: finds the command, runs it, and says what went wrong. */
import { explained, UserError } from "./engine/host/mod.ts";
import { nearest } from "./experiments/mod.ts";
import { commands, helpText, VERSION } from "./tools/mod.ts";

/** Runs one command and answers with the process's exit code. */
async function main([name = "help", ...args]: readonly string[]): Promise<number> {
  if (["help", "--help", "-h"].includes(name) || args.includes("--help")) {
    console.log(helpText());
    return 0;
  }
  if (name === "--version") {
    console.log(VERSION);
    return 0;
  }
  if (!Object.hasOwn(commands, name)) {
    const [guess] = nearest(name, Object.keys(commands), 1);
    throw new UserError(
      `There is no command ${name}: did you mean ${guess}? (help lists them all)`,
    );
  }
  const { run } = await commands[name]!.load();
  return await run(args, {
    openViewer: async (lab) => (await import("./web/mod.ts")).createApp(lab),
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
