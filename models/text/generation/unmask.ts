/** The reverse process of masked diffusion. */
import { uniforms } from "../../../engine/host/mod.ts";
import { isFrame } from "../../diffusion/mod.ts";
import { choose, likeliest, probabilities, rowOf } from "./choose.ts";
import type { Draft } from "./draft.ts";
import type { GenerationRequest, TextFrame, TextModel } from "./types.ts";

/**
 * Samples the missing characters of a draft by the reverse process of masked diffusion, in equal steps
 * from t = 1, where all of them are masked, to t = 0. From t to s each masked character is revealed
 * independently with probability (t − s)/t and sampled from the network's softmax (Sahoo et al. 2024,
 * "MDLM", section 3, with α = 1 − t). This equals assigning each position a uniform random time at which
 * it is revealed. Characters revealed in the same step are sampled independently of each other; with one
 * step for each character the sample has exactly the network's own distribution.
 *
 * Characters of the prompt are never masked, so no in-painting is needed. The network is evaluated only
 * where a character was revealed since the last evaluation.
 */
export async function unmask(
  model: TextModel,
  request: GenerationRequest,
  draft: Draft,
): Promise<void> {
  const { count, steps, seed } = request;
  const { vocabularySize: size } = model;
  const { tokens, total: length } = draft;
  const times = uniforms({ seed, stream: "text/unmask/times", step: 0 }, tokens.length);
  const draws = uniforms({ seed, stream: "text/unmask/draw", step: 0 }, tokens.length);
  let logits: Float32Array | undefined;
  const evaluated = async () => {
    if (!logits) {
      logits = await model.fill!(tokens, count, length);
      draft.evaluations++;
    }
    return logits;
  };

  for (let step = 0; step <= steps; step++) {
    const next = 1 - (step + 1) / steps;
    const revealed = [...tokens.keys()].filter((i) => tokens[i]! < 0 && times[i]! >= next);
    if (isFrame(step + 1, steps + 1, request.frames)) {
      const current = tokens.every((token) => token >= 0) ? null : await evaluated();
      const masked = 1 - step / steps;
      draft.frames.push({ ...frameOf(tokens, current, size), masked, length });
    }
    if (revealed.length === 0) continue;
    const current = await evaluated();
    for (const i of revealed) tokens[i] = choose(rowOf(current, i, size), request, draws[i]!);
    logits = undefined;
  }
  draft.written = length;
}

/** Revealed characters have confidence 1; masked positions that of their likeliest character. */
function frameOf(
  tokens: Int32Array,
  logits: Float32Array | null,
  size: number,
): Omit<TextFrame, "length"> {
  const confidence = Float32Array.from(tokens, (token, i) => {
    if (token >= 0) return 1;
    const row = rowOf(logits!, i, size);
    return probabilities(row)[likeliest(row)]!;
  });
  return { gamma: null, start: 0, tokens: tokens.slice(), confidence };
}
