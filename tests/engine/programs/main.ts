/**
 * Random programs with gradients on the compiled engine and on TensorFlow.js's cpu backend:
 * `deno task test:programs [--count 5000] [--from 0]`. Prints the seeds that disagree, and fails if
 * one does.
 */
import { parseArgs } from "node:util";
import { openEngine } from "../../../engine/mod.ts";
import { troubleWith } from "./check.ts";

const { values } = parseArgs({
  args: Deno.args.filter((argument) => argument !== "--"),
  options: {
    count: { type: "string", default: "5000" },
    from: { type: "string", default: "0" },
  },
});
const [from, count] = [Number(values.from), Number(values.count)];

const engine = await openEngine({ device: "cpu" });
let wrong = 0;
for (let seed = from; seed < from + count; seed++) {
  const trouble = await troubleWith(engine, seed).catch((error: Error) => error.message);
  if (!trouble) continue;
  wrong++;
  console.log(`seed ${seed}: ${trouble}`);
}
console.log(`${count - wrong} of ${count} programs agree`);
Deno.exit(wrong > 0 ? 1 : 0);
