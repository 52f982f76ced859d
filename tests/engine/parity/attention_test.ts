import { openEngine } from "../../../engine/mod.ts";
import { assertAgree, norm, onBoth } from "./agreement.ts";
import { blockStep } from "./attention_block.ts";

const engine = await openEngine({ device: "cpu" });

for (const [width, heads, batch, length] of [[12, 3, 1, 7], [32, 2, 3, 16]] as const) {
  Deno.test(`loss and gradients of an attention block of width ${width} at batch ${batch} are TensorFlow.js's`, async () => {
    const { fn, inputs } = blockStep(width, heads, batch, length);
    const { actual, expected } = await onBoth(engine, fn, inputs);
    // The softmax ignores what the bias of the keys adds to all scores of a query.
    const vanishing = { names: ["grad/key.bias"], scale: norm(expected["grad/key.weight"]!) };
    assertAgree(actual, expected, 1e-4, vanishing);
  });
}
