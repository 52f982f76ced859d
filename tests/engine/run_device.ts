/**
 * A program that runs the small training step on the device it is told, and prints what came out as
 * JSON: `{ device, result }`, or `{ error: { name, message } }`.
 */
import { openEngine } from "../../engine/mod.ts";
import type { Engine } from "../../engine/mod.ts";
import { arrays, inputs, trainingStep } from "./small_step.ts";

try {
  const engine = await openEngine({ device: Deno.args[0] as Engine["device"] });
  const result = await (await engine.compile(trainingStep, inputs)).run(arrays());
  const plain = Object.entries(result).map(([name, values]) => [name, [...values]]);
  console.log(JSON.stringify({ device: engine.device, result: Object.fromEntries(plain) }));
} catch (error) {
  const { name, message } = error as Error;
  console.log(JSON.stringify({ error: { name, message } }));
}
