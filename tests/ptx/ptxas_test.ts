import { PRESET_NAMES } from "../../experiments/registry/modalities.ts";
import assert from "node:assert/strict";
import { joinPtx, printPtx } from "../../engine/kernels/ptx.ts";
import { assemble, findAssembler, knows } from "./assembler.ts";
import { entriesOf } from "./programs.ts";

/** Ampere and Hopper, and the oldest that the assembler at hand knows: Volta, or Turing after it. */
const ptxas = await findAssembler();
const cards = [await knows(ptxas, "sm_70") ? "sm_70" : "sm_75", "sm_80", "sm_90"];

for (const name of PRESET_NAMES) {
  Deno.test(`ptxas takes every kernel of ${name}, and none spills registers`, async () => {
    const entries = await entriesOf(name);
    const module = joinPtx(
      entries.map(({ kernel, instances }, i) => printPtx(kernel, instances, `kernel${i}`)),
    );
    for (const card of cards) {
      const assembled = await assemble(ptxas, card, module);
      assert.equal(assembled.length, entries.length);
      const spilling = assembled.filter(({ spills }) => spills !== 0);
      const most = Math.max(...assembled.map(({ registers }) => registers));
      console.log(`${card}: ${assembled.length} kernels, at most ${most} registers`);
      assert.deepEqual(spilling, []);
    }
  });
}
