/** That the interpreter notices what a card would compute wrongly, or differently from time to time. */
import assert from "node:assert/strict";
import { tf } from "../../engine/mod.ts";
import type { TensorFunction } from "../../engine/mod.ts";
import { normals } from "../../engine/host/mod.ts";
import { distance } from "../engine/parity/agreement.ts";
import { playedEngine } from "./interpreted_device.ts";

const ROWS = 40;
const x = normals({ seed: 1, stream: "x", step: 0 }, ROWS * ROWS);
const signature = { x: { shape: [ROWS, ROWS], dtype: "float32" } } as const;

const product: TensorFunction = ({ x }) => ({ y: tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D) });
const sums: TensorFunction = ({ x }) => ({ y: tf.sum(x!, 1) });

/** The output of a function whose text is altered before the driver sees it. */
async function altered(fn: TensorFunction, alter: (text: string) => string): Promise<Float32Array> {
  const engine = playedEngine("float32", {
    alter(text) {
      const other = alter(text);
      assert.notEqual(other, text, "the text has nothing to alter");
      return other;
    },
  });
  const program = await engine.compile(fn, signature);
  const { y } = await program.run({ x });
  return y!.slice() as Float32Array;
}

const right = async (fn: TensorFunction) => {
  const program = await playedEngine().compile(fn, signature);
  return (await program.run({ x })).y!.slice();
};

/** The text without its nth barrier. */
function withoutBarrier(text: string, n: number): string {
  let count = 0;
  return text.replace(/ {2}bar\.sync 0;\n/g, (barrier) => count++ === n ? "" : barrier);
}

for (const [name, fn] of Object.entries({ product, sums })) {
  for (const n of [0, 1]) {
    Deno.test(`the barrier ${n} missing from a kernel of ${name} is noticed`, () =>
      assert.rejects(
        altered(fn, (text) => withoutBarrier(text, n)),
        /, thread \d+: shared byte \d+ of \w+ (was never written|is used by another thread, and there is no barrier between): /,
      ));
  }
}

Deno.test("a reduction over too few lanes gives another sum", async () => {
  const half = await altered(
    sums,
    (text) => text.replace(/(setp\.lt\.s32 %p\d+, %r\d+), 4;/, "$1, 2;"),
  );
  assert.ok(distance(half, await right(sums)) > 0.1);
});

const mistakes: readonly (readonly [what: string, from: RegExp, to: string, message: RegExp])[] = [
  [
    "a store behind its tensor",
    /(st\.global\.f32 \[%rd\d+)\]/,
    `$1+${4 * ROWS * ROWS}]`,
    /block \d+, thread \d+: \d+ is not allocated: st\.global/,
  ],
  [
    "a load from what was never written",
    /(ld\.global\.nc\.f32 %f\d+, \[%rd\d+)\]/,
    `$1+${4 * ROWS * ROWS}]`,
    /block \d+, thread \d+: \d+ (is not allocated|was never written): /,
  ],
  [
    "an address between words",
    /(ld\.global\.nc\.f32 %f\d+, \[%rd\d+)\]/,
    "$1+2]",
    /is not the address of a word/,
  ],
  [
    "a store of two threads to one place",
    /(mad\.wide\.s32 %rd\d+, %r\d+), 4, (%rd\d+);(?!\n.*ld\.)/,
    "$1, 0, $2;",
    /is written by the same launch/,
  ],
  [
    "a place beyond a shared array",
    /(st\.shared\.f32 \[%r\d+)\]/,
    "$1+4096]",
    /shared byte \d+ of left is not there/,
  ],
  ["a register that has no value", /mov\.f32 %f0, 0f00000000;\n/, "", /%f0 has no value/],
  [
    "a register that is not declared",
    /\.reg \.f32 %f<\d+>/,
    ".reg .f32 %f<3>",
    /%f\d+ is not declared/,
  ],
  ["an instruction that is not printed", /fma\.rn\.f32/, "fma.rz.f32", /is not known/],
];
for (const [what, from, to, message] of mistakes) {
  Deno.test(`${what} is noticed`, () =>
    assert.rejects(altered(product, (text) => text.replace(from, to)), message));
}

Deno.test("a barrier that not all threads reach is noticed", () => {
  const alter = (text: string) =>
    text.replace(
      /bar\.sync 0;\n/,
      "setp.lt.s32 %p0, %r0, 5;\n@!%p0 bra AWAY;\nbar.sync 0;\nAWAY:\n",
    );
  return assert.rejects(altered(product, alter), /not all threads reach the barriers at AWAY/);
});

Deno.test("a launch that a card refuses is refused", () =>
  assert.rejects(
    altered(product, (text) => text.replace(/\.maxntid \d+/, ".maxntid 32")),
    /Recording contraction of \d+ to \d+ failed on Played card: invalid argument/,
  ));
