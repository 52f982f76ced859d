import assert from "node:assert/strict";
import { compileKernels } from "../../../engine/kernels/compile.ts";
import { GraphBuilder } from "../../../engine/graph/builder.ts";
import { threefry2x32 } from "../../../engine/host/random.ts";
import { interpret } from "./interpret.ts";

Deno.test("random words of kernels are the host's, bit for bit", () => {
  const b = new GraphBuilder();
  const scalar = { shape: [], dtype: "int32" } as const;
  const counter = b.input("counter", { shape: [5], dtype: "int32" });
  const others = ["step", "seed", "stream"].map((name) => b.input(name, scalar));
  const words = b.nodes(
    { op: "Threefry2x32", domain: "textdiffusion", inputs: [counter, ...others] },
    [counter, counter],
  );
  const program = compileKernels(b.finish({ first: words[0]!, second: words[1]! }));
  for (const [seed, stream, step] of [[0, 0, 0], [1, -7, 3], [-1, 2 ** 31 - 1, 12345]] as const) {
    const { first, second } = interpret(program, {
      counter: Int32Array.of(0, 1, 2, 3, 4),
      step: Int32Array.of(step),
      seed: Int32Array.of(seed),
      stream: Int32Array.of(stream),
    });
    const expected = new Int32Array(10);
    threefry2x32([seed, stream], [0, step], expected);
    assert.deepEqual([...first!], [...expected].filter((_, i) => i % 2 === 0));
    assert.deepEqual([...second!], [...expected].filter((_, i) => i % 2 === 1));
  }
});
