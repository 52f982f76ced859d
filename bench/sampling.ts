/**
 * Time to draw 64 digits with 50 DDIM steps and guidance (one doubled batch of 128 in each step)
 * beside PyTorch's for the same network, steps and threads. Start-up and compilation are not
 * counted.
 *
 * The two take turns on an otherwise idle machine; medians are compared. The last line is JSON:
 * our time over PyTorch's, smaller is better.
 */
import { openEngine } from "../engine/mod.ts";
import { digitsSampler } from "./digits.ts";
import { startPyTorch } from "./peer.ts";
import { roundsAsked, takeTurns } from "./turns.ts";

const ROUNDS = roundsAsked(3);
const COUNT = 64;
const STEPS = 50;

const engine = await openEngine({ device: "cpu" });
console.log(engine.description);
const digits = await digitsSampler(engine, COUNT, STEPS);

/** Draws the digits once and returns the milliseconds it took. */
async function draw(): Promise<number> {
  const began = performance.now();
  await digits.draw();
  return performance.now() - began;
}

const threads = navigator.hardwareConcurrency;
const peer = await startPyTorch("sample_digits.py", [String(threads)]);
console.log(`\n${COUNT} digits, ${STEPS} guided DDIM steps, ${threads} threads`);
console.log(`  PyTorch: ${peer.description} (parameters, version)`);
const { ours, peer: theirs, ratio } = await takeTurns(draw, peer, ROUNDS);
await peer.stop();
await engine.dispose();
console.log(
  `  ours ${ours.toFixed(0)} ms, PyTorch ${theirs.toFixed(0)} ms, ratio ${ratio.toFixed(3)}`,
);
console.log(JSON.stringify({ guided_sampling_vs_pytorch: ratio }));
Deno.exit(0);
