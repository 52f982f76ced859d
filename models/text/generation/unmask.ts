/** A text out of masks. */
import { uniforms } from "../../../engine/host/mod.ts";
import { choose, likeliest, probabilities } from "./choose.ts";
import type { GenerationRequest, TextFrame, TextModel } from "./types.ts";

export interface Unmasked {
  /** [count, length] */
  readonly tokens: Int32Array;
  readonly frames: readonly TextFrame[];
  readonly evaluations: number;
}

/**
 * Walks the reverse of masking from t = 1, where everything that is not given is masked, to t = 0 in
 * equal steps. From t to s each masked character is revealed with probability (t − s)/t, by itself,
 * and drawn from the network's softmax (Sahoo et al. 2024, "MDLM", section 3, with α = 1 − t): the
 * same as giving every place a time, uniform in [0, 1), at which it is revealed. Characters of one step do
 * not know of each other; with a step for each character the draw is exactly the network's own.
 *
 * What is given is seen as it is, so its continuation needs no other walk. The network is only asked
 * where something has changed since it was asked before.
 *
 * @param given [count, length], −1 for every character to write.
 */
export async function unmask(
  model: TextModel,
  request: GenerationRequest,
  given: Int32Array,
): Promise<Unmasked> {
  const { count, steps, seed, frames: film } = request;
  const { vocabularySize: size } = model;
  const length = given.length / count;
  const tokens = given.slice();
  const times = uniforms({ seed, stream: "text/unmask/times", step: 0 }, given.length);
  const draws = uniforms({ seed, stream: "text/unmask/draw", step: 0 }, given.length);
  const wanted = new Set(
    Array.from({ length: film }, (_, i) => Math.round(i * steps / Math.max(1, film - 1))),
  );
  const frames: TextFrame[] = [];
  let logits: Float32Array | undefined;
  let evaluations = 0;
  const ask = async () => {
    if (!logits) {
      logits = await model.fill!(tokens, count, length);
      evaluations++;
    }
    return logits;
  };

  for (let step = 0; step <= steps; step++) {
    const next = 1 - (step + 1) / steps;
    const due = [...tokens.keys()].filter((i) => tokens[i]! < 0 && times[i]! >= next);
    if (wanted.has(step)) {
      const seen = tokens.every((token) => token >= 0) ? null : await ask();
      frames.push(frameOf(tokens, seen, size, length, 1 - step / steps));
    }
    if (due.length === 0) continue;
    const shown = await ask();
    for (const i of due) tokens[i] = choose(shown, i * size, size, request, draws[i]!);
    logits = undefined;
  }
  return { tokens, frames, evaluations };
}

/** Characters that are seen are sure; how sure the likeliest one is stands at those that are masked. */
function frameOf(
  tokens: Int32Array,
  logits: Float32Array | null,
  size: number,
  length: number,
  masked: number,
): TextFrame {
  const confidence = Float32Array.from(
    tokens,
    (token, i) =>
      token >= 0 ? 1 : probabilities(logits!, i * size, size)[likeliest(logits!, i * size, size)]!,
  );
  return { gamma: null, masked, start: 0, length, tokens: tokens.slice(), confidence };
}
