/**
 * Time of a training step of the text network beside PyTorch's for the same network, batch and
 * threads: left to right, and by diffusion of whole windows with a quarter of them self-conditioned.
 *
 * The two take turns on an otherwise idle machine; medians are compared. The last line is JSON:
 * our time over PyTorch's, smaller is better.
 */
import { openEngine } from "../engine/mod.ts";
import { ourStep } from "./our_step.ts";
import { startPyTorch } from "./peer.ts";
import { roundsAsked, takeTurns } from "./turns.ts";
import { textWorkload } from "./workloads.ts";

const ROUNDS = roundsAsked(9);
const BATCH = 32;

const engine = await openEngine({ device: "cpu" });
const threads = navigator.hardwareConcurrency;
const ratios: Record<string, number> = {};
for (const method of ["autoregressive", "diffusion"] as const) {
  const work = textWorkload(method, BATCH);
  console.log(`\n${work.title}, ${threads} threads`);
  const ours = await ourStep(engine, work);
  const peer = await startPyTorch("train_step.py", [work.name, String(threads)]);
  console.log(`  PyTorch: ${peer.description} (parameters, version)`);
  const turns = await takeTurns(ours, peer, ROUNDS);
  await peer.stop();
  console.log(
    `  ours ${turns.ours.toFixed(1)} ms, PyTorch ${turns.peer.toFixed(1)} ms, ratio ${
      turns.ratio.toFixed(3)
    }`,
  );
  ratios[work.name] = Number(turns.ratio.toFixed(3));
}
await engine.dispose();
console.log(JSON.stringify(ratios));
Deno.exit(0);
