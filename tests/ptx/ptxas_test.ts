import { PRESET_NAMES } from "../../experiments/registry/modalities.ts";
import assert from "node:assert/strict";
import { joinPtx, printPtx } from "../../engine/kernels/ptx.ts";
import { precisionNames } from "../../engine/host/mod.ts";
import { assemble, findAssembler, knows } from "./assembler.ts";
import { entriesOf } from "./programs.ts";

/** Ampere and Hopper, and the oldest that the assembler at hand knows: Volta, or Turing after it. */
const ptxas = await findAssembler();
const oldest = await knows(ptxas, "sm_70") ? "sm_70" : "sm_75";
const CARDS = { float32: [oldest, "sm_80", "sm_90"], tf32: ["sm_80", "sm_90"] };

for (const name of PRESET_NAMES) {
  for (const precision of precisionNames) {
    Deno.test(`ptxas takes every kernel of ${name} in ${precision}, and none spills registers`, async () => {
      const entries = await entriesOf(name, precision);
      const module = joinPtx(
        entries.map(({ kernel, instances }, i) => printPtx(kernel, instances, `kernel${i}`)),
        precision,
      );
      for (const card of CARDS[precision]) {
        const assembled = await assemble(ptxas, card, module);
        assert.equal(assembled.length, entries.length);
        const spilling = assembled.filter(({ spills }) => spills !== 0);
        const most = Math.max(...assembled.map(({ registers }) => registers));
        console.log(`${card}: ${assembled.length} kernels, at most ${most} registers`);
        assert.deepEqual(spilling, []);
      }
      // Otherwise the text would be float32's under another name.
      assert.equal(module.includes("mma.sync"), precision === "tf32");
    });
  }
}
