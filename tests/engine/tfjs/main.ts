/**
 * TensorFlow.js's own tests on the engine's lowerings: `deno task test:tfjs [--device NAME]
 * [--list OUTCOME] [PART OF A FILE'S NAME …]`. Prints what became of them by class, and fails if a
 * value is wrong, an error raw, or something accepted that TensorFlow.js refuses.
 */
import { parseArgs } from "node:util";
import { testFiles } from "./files.ts";
import { isFault, OUTCOMES } from "./run_specs.ts";
import { RUNTIMES, type SuiteDevice } from "./runtimes.ts";
import { runSuite } from "./suite.ts";

const { values, positionals } = parseArgs({
  args: Deno.args.filter((argument) => argument !== "--"),
  options: {
    device: { type: "string", default: "cpu" },
    list: { type: "string", multiple: true, default: [] },
  },
  allowPositionals: true,
});

const { device } = values;
if (!(device in RUNTIMES)) {
  console.error(`Unknown device ${device}: use ${Object.keys(RUNTIMES).join(", ")}`);
  Deno.exit(2);
}
const files = testFiles().filter((file) =>
  positionals.length === 0 || positionals.some((part) => file.includes(part))
);
const results = await runSuite(device as SuiteDevice, files);

for (const outcome of OUTCOMES) {
  const found = results.filter((result) => result.outcome === outcome);
  console.log(`${outcome}: ${found.length}`);
  if (outcome === "refused kernel" && found.length > 0) {
    const counts = [...Map.groupBy(found, ({ detail }) => detail)]
      .sort(([, a], [, b]) => b.length - a.length);
    console.log(`  ${counts.map(([kernel, all]) => `${kernel} ${all.length}`).join(", ")}`);
  }
  if (isFault(outcome) || outcome === "known difference" || values.list.includes(outcome)) {
    for (const { file, name, detail } of found) console.log(`  ${file}: ${name}\n      ${detail}`);
  }
}
const passed = results.filter(({ outcome }) =>
  outcome === "passed" || outcome === "no kernel needed"
);
const faults = results.filter(({ outcome }) => isFault(outcome));
console.log(`${passed.length} of ${results.length} pass, ${faults.length} are faults`);
Deno.exit(faults.length > 0 ? 1 : 0);
