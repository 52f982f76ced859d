/** Texts by sampling loops that stay where the network runs, beside those by the host's loops. */
import assert from "node:assert/strict";
import { type Engine, normals } from "../../engine/mod.ts";
import { resolveConfig } from "../../experiments/mod.ts";
import { textConfigOf } from "../../experiments/text/config.ts";
import { networkOf } from "../../experiments/text/network.ts";
import { initialParameters } from "../../models/layers/mod.ts";
import { generate, type GenerationRequest, type TextModel } from "../../models/text/mod.ts";
import { assertClose } from "../models/assert_close.ts";
import { textModel } from "../../experiments/text/model.ts";

export const COUNT = 2;
export const BLOCK = 8;
const CONTEXT = 16;
const VOCABULARY = 7;

/** A small network that writes in blocks, on an engine. */
export function blocksModel(engine: Engine) {
  const config = textConfigOf({
    id: "test",
    config: resolveConfig("shakespeare-tiny", { method: "blocks", context: CONTEXT }),
  });
  const network = networkOf(config, VOCABULARY);
  const parameters = initialParameters(network.parameters, 0);
  // Heads start at zero and would hide everything.
  for (const [name, { data }] of Object.entries(parameters)) {
    data.set(normals({ seed: 3, stream: name, step: 0 }, data.length).map((value) => 0.3 * value));
  }
  return textModel(engine, network, config, parameters, { count: COUNT });
}

export const oneBlock: GenerationRequest = {
  mode: "blocks",
  count: COUNT,
  length: BLOCK,
  prompt: Int32Array.of(1, 2),
  blockSize: BLOCK,
  steps: 4,
  sampler: "ddpm",
  temperature: 0.7,
  topP: 0.9,
  diffusionWeight: 0.5,
  reviseShare: 0.3,
  rounds: 1,
  seed: 3_000_000_000,
  frames: 3,
};

/** Requests by what is special about them. */
export const requests: Readonly<Record<string, GenerationRequest>> = {
  "noise at every step": oneBlock,
  "a last block that is shorter": { ...oneBlock, length: BLOCK + 4, sampler: "ddim" },
  "gaps, and two evaluations in a step": {
    ...oneBlock,
    mode: "infill",
    sampler: "heun",
    template: Int32Array.of(1, -1, 3, -1, -1, 2, 5, -1),
  },
  "a block that two experts finish": { ...oneBlock, mode: "guided", sampler: "dpmpp-2m" },
};

/**
 * Checks that a network that carries out its loops writes the same text as one whose loops are the
 * host's, and shows the same on the way.
 *
 * @param tolerance Of the confidence in the characters shown.
 */
export async function checkText(
  actual: TextModel,
  expected: TextModel,
  request: GenerationRequest,
  tolerance: number,
): Promise<void> {
  assert.ok(actual.sample && !expected.sample);
  const text = await generate(actual, request), same = await generate(expected, request);
  assert.deepEqual(text.tokens, same.tokens);
  assert.equal(text.networkEvaluations, same.networkEvaluations);
  assert.equal(text.frames.length, same.frames.length);
  for (const [i, { confidence, ...shown }] of text.frames.entries()) {
    const { confidence: expectedConfidence, ...expectedShown } = same.frames[i]!;
    assert.deepEqual(shown, expectedShown);
    assertClose(confidence, expectedConfidence, { absolute: tolerance }, `frame ${i}`);
  }
}
