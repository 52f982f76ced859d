/**
 * Sets up the server in clients from the npm registry with the lines of docs/assistants.md, each in a home folder
 * of its own, and asks the client whether it can reach the server.
 */
import assert from "node:assert/strict";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { removeFolder } from "../experiments/workspace.ts";
import { ASSISTANTS } from "./assistants/mod.ts";
import { programsOf } from "./installing.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = await Deno.readTextFile(join(root, "docs", "assistants.md"));

/** The line of docs/assistants.md that sets up a client. */
function lineOf(title: string): string {
  const line = page.split(`# ${title}\n`)[1]?.split("\n")[0];
  assert.ok(
    line !== undefined && line.includes("deno.json"),
    `docs/assistants.md has no line for ${title}`,
  );
  return line;
}

interface Shell {
  readonly home: string;
  /** Runs a line in the checkout, or in another folder, and returns what it prints. */
  run(line: string, folder?: string): Promise<string>;
}

/** Gives a shell in a new home folder, in which a client's program is found. */
async function withShell(client: string, use: (shell: Shell) => Promise<void>): Promise<void> {
  const programs = await programsOf(ASSISTANTS[client]!);
  const home = await Deno.makeTempDir({ prefix: "textdiffusion-setup-" });
  const path = [programs, dirname(Deno.execPath()), Deno.env.get("PATH")].join(delimiter);
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir } = JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: string };
  try {
    await use({
      home,
      async run(line, cwd = root) {
        const env = { HOME: home, PATH: path, DENO_DIR: denoDir };
        const signal = AbortSignal.timeout(120_000);
        const output = await new Deno.Command("sh", { args: ["-c", line], cwd, env, signal })
          .output();
        const printed = [output.stdout, output.stderr].map((b) => new TextDecoder().decode(b));
        return printed.join("\n");
      },
    });
  } finally {
    await removeFolder(home);
  }
}

Deno.test("the documented line for Claude Code connects it to the server in every folder", () =>
  withShell("claude", async ({ home, run }) => {
    await run(lineOf("Claude Code"));
    assert.match(await run("claude mcp list", home), /^textdiffusion: .*Connected$/m);
  }));

Deno.test("Claude Code finds the server and the skill of the checkout by itself", () =>
  withShell("claude", async ({ run }) => {
    assert.match(await run("claude mcp list"), /^textdiffusion: deno task mcp - .*approv/m);
    // The first line of its output lists what it found; there is no model behind the address.
    const [first = ""] = (await run(
      "ANTHROPIC_BASE_URL=http://127.0.0.1:9 ANTHROPIC_API_KEY=none CLAUDE_CODE_MAX_RETRIES=0 " +
        "claude -p hello --output-format stream-json --verbose",
    )).split("\n");
    const { skills } = JSON.parse(first) as { skills: string[] };
    assert.ok(skills.includes("textdiffusion"), first);
  }));

Deno.test("the documented line for Gemini CLI connects it to the server in every folder", () =>
  withShell("gemini", async ({ home, run }) => {
    await run(lineOf("Gemini CLI"));
    const settings = join(home, ".gemini/settings.json");
    const written = JSON.parse(await Deno.readTextFile(settings)) as object;
    const trusting = { ...written, security: { folderTrust: { enabled: false } } };
    await Deno.writeTextFile(settings, JSON.stringify(trusting));
    assert.match(await run("gemini mcp list", home), /textdiffusion: .* - Connected/);
  }));

Deno.test("the documented line for Codex gives the server time to start, and the environment", () =>
  withShell("codex", async ({ home, run }) => {
    await Deno.mkdir(join(home, ".codex"));
    await run(lineOf("Codex"));
    const printed = await run("codex mcp get textdiffusion --json 2> /dev/null", home);
    const { transport, startup_timeout_sec } = JSON.parse(printed) as {
      transport: { command: string; args: string[]; env_vars: string[] };
      startup_timeout_sec: number;
    };
    assert.deepEqual(transport.args, ["task", "--config", join(root, "deno.json"), "mcp"]);
    assert.deepEqual([transport.command, startup_timeout_sec], ["deno", 120]);
    assert.deepEqual(transport.env_vars, ["TEXTDIFFUSION_DATA", "HTTPS_PROXY"]);
  }));
