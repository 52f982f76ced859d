/**
 * The official conformance suite (npm:@modelcontextprotocol/conformance) against the laboratory's own
 * application with the suite's fixtures added. Every check of every scenario counts, those of the
 * extensions too, and no failure is expected.
 */
import assert from "node:assert/strict";
import { withConformanceServer } from "./server.ts";

const SUITE = "npm:@modelcontextprotocol/conformance@0.2.0-alpha.12";

/** Scenarios of a revision, with the tasks extension and those that the suite does not score yet. */
const REVISIONS = { "2025-11-25": 33, "2026-07-28": 50 } as const;

for (const [revision, expected] of Object.entries(REVISIONS)) {
  Deno.test(`all ${expected} server scenarios of ${revision} pass`, () =>
    withConformanceServer(async (url) => {
      const results = await Deno.makeTempDir({ prefix: "conformance-" });
      try {
        // The suite declares no versions of what it needs, so it is no dependency of this project.
        const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: [
            ...["run", "--quiet", "--no-config", "--no-lock", "--allow-all", SUITE, "server"],
            ...["--url", url, "--requirements", revision, "--output-dir", results],
          ],
          cwd: results,
        }).output();
        const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
        const scenarios = [...said.matchAll(/^([✓✗]) ([\w/-]+): (\d+) passed, (\d+) failed$/gm)];
        assert.equal(scenarios.length, expected, said.slice(-3000));
        const failed = scenarios.filter(([, mark]) => mark !== "✓").map(([, , name]) => name);
        assert.deepEqual([...failed, ...await warnings(results)], [], said.slice(-20_000));
      } finally {
        await Deno.remove(results, { recursive: true });
      }
    }));
}

/** Checks of what a server should do, which the suite's summary does not count as failures. */
async function warnings(results: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(results)) {
    const path = `${results}/${name}/checks.json`;
    const text = await Deno.readTextFile(path).catch(() => "[]");
    for (const { id, status, errorMessage } of JSON.parse(text) as Check[]) {
      if (status === "WARNING") found.push(`${name}: ${id}: ${errorMessage}`);
    }
  }
  return found;
}

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}
