/** What a first connection fetches: the packages of the protocol, and nothing else. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import configuration from "../deno.json" with { type: "json" };
import importMap from "../import_map.json" with { type: "json" };
import { PARTS } from "../tools/cli/packages.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

interface ModuleInfo {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly code?: { readonly specifier?: string };
    readonly isDynamic?: boolean;
  }[];
}

/** "npm:/@scope/name@1.2.3/sub" → "@scope/name"; undefined for what is no npm package. */
function packageOf(specifier: string): string | undefined {
  return /^npm:\/?((?:@[^/]+\/)?[^@/]+)/.exec(specifier)?.[1];
}

/** The npm packages that modules import, themselves and through others, sorted. */
async function importedPackages(
  entries: readonly string[],
  { dynamic }: { readonly dynamic: boolean },
): Promise<string[]> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["info", "--json", "--config", here("../deno.json")],
      ...[`--lock=${here("../deno.lock")}`, "--frozen", here("../main.ts")],
    ],
    stderr: "inherit",
  }).output();
  assert.ok(success);
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: ModuleInfo[] };
  const known = new Map(modules.map((module) => [module.specifier, module]));
  const seen = new Set<string>();
  const visit = (specifier: string) => {
    if (seen.has(specifier)) return;
    seen.add(specifier);
    for (const { code, isDynamic } of known.get(specifier)?.dependencies ?? []) {
      if (code?.specifier && (dynamic || !isDynamic)) visit(code.specifier);
    }
  };
  for (const entry of entries) {
    const specifier = new URL(entry, import.meta.url).href;
    assert.ok(known.has(specifier), entry);
    visit(specifier);
  }
  return [...new Set([...seen].flatMap((specifier) => packageOf(specifier) ?? []))].sort();
}

Deno.test("the modules that mcp loads before it answers import the protocol's packages only", async () => {
  assert.deepEqual(
    await importedPackages(["../main.ts", "../tools/cli/stdio.ts"], { dynamic: false }),
    [
      "@modelcontextprotocol/server",
      "fastest-levenshtein",
      "zod",
    ],
  );
});

Deno.test("setup fetches what the program's modules import, and nothing that only tests need", async () => {
  const listed = PARTS.flatMap(({ packages }) => packages);
  assert.deepEqual([...listed].sort(), await importedPackages(["../main.ts"], { dynamic: true }));
});

/**
 * Before any task, Deno fetches all packages that the lockfile or the `imports` of the configuration
 * name, those of the tests included. So the configuration has neither: the packages stand in a file
 * of their own, and the commands name the lockfile.
 */
Deno.test("deno task fetches nothing by itself, and every command uses the locked packages", () => {
  assert.equal(configuration.lock, false);
  assert.ok(!("imports" in configuration));
  assert.equal(configuration.importMap, "./import_map.json");
  const commands = Object.entries(configuration.tasks).flatMap(([task, { command }]) =>
    command.split("&&").map((part) => ({ task, command: part.trim() }))
  );
  const loading = commands.filter(({ command }) => /^deno (run|test|check)\b/.test(command));
  assert.ok(loading.length > 15);
  for (const { task, command } of loading) {
    const frozen = task === "lock" ? "" : " --frozen";
    assert.ok(command.includes(` --lock=deno.lock${frozen}`), `${task}: ${command}`);
  }
});

Deno.test("every package is pinned to one version; an older one beside it has it in its name", () => {
  const versions = new Map<string, Set<string>>();
  for (const [name, target] of Object.entries(importMap.imports)) {
    const pinned = /^npm:\/?((?:@[^/]+\/)?[^@/]+)@((\d+\.\d+)\.\d+)(\/?)$/.exec(target);
    assert.ok(pinned, target);
    const [, npmName, version, minor, slash] = pinned;
    const names = [`${npmName}${slash}`, `${npmName}-${minor}${slash}`];
    assert.ok(names.includes(name), `${name} is ${target}`);
    const alias = name.replace(/\/$/, "");
    versions.set(alias, (versions.get(alias) ?? new Set()).add(version!));
  }
  for (const [name, known] of versions) assert.equal(known.size, 1, name);
});

Deno.test("with an empty cache, the mcp task asks the registry for the protocol's packages only", async () => {
  const asked = new Set<string>();
  const registry = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      asked.add(decodeURIComponent(new URL(request.url).pathname).split("/-/")[0]!.slice(1));
      // Long enough for all that is asked for at once to arrive before the first refusal ends it.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return new Response("", { status: 404 });
    },
  );
  const folder = await Deno.makeTempDir({ prefix: "textdiffusion-" });
  try {
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--config", here("../deno.json"), "mcp", "--workspace", `${folder}/workspace`],
      stdin: "null",
      env: {
        DENO_DIR: `${folder}/deno`,
        NPM_CONFIG_REGISTRY: `http://127.0.0.1:${registry.addr.port}`,
        NO_COLOR: "1",
      },
    }).output();
    const errors = new TextDecoder().decode(stderr);
    assert.ok(!success, "nothing can start without its packages");
    assert.equal(new TextDecoder().decode(stdout), "", "standard output is for the protocol");
    assert.ok(!errors.includes("Ignored build scripts"), errors);
    assert.ok(asked.has("zod"), errors);
    const protocol = [
      ...["@modelcontextprotocol/core", "@modelcontextprotocol/server", "zod"],
      ...["commander", "fastest-levenshtein"],
    ];
    assert.deepEqual([...asked].filter((name) => !protocol.includes(name)), []);
  } finally {
    await registry.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});
