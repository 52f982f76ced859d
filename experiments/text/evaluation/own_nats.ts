/** What a network that reads left to right makes of texts. */
import { logProbabilities, type TextModel } from "../../../models/text/generation/mod.ts";
import { charactersOf } from "../characters.ts";

/**
 * −log p of texts with one number of tokens, in nats per character, each text on its own and each
 * token given those before it: all where the text fits the network's windows, else at least half a
 * window.
 *
 * @param lengths Characters of each token of the vocabulary.
 * @param batch Texts that the model's programs take at once.
 */
export async function ownNats(
  model: TextModel,
  texts: readonly Uint16Array[],
  batch: number,
  lengths: ArrayLike<number>,
): Promise<number> {
  let nats = 0;
  for (let from = 0; from < texts.length; from += batch) {
    const taken = texts.slice(from, from + batch);
    nats += await totalNats(model, taken, batch);
  }
  return nats / texts.reduce((sum, text) => sum + charactersOf(text, lengths), 0);
}

/** Over all tokens of at most `batch` texts; missing ones are filled up and not counted. */
async function totalNats(
  model: TextModel,
  texts: readonly Uint16Array[],
  batch: number,
): Promise<number> {
  const { context, vocabularySize: size } = model;
  const total = texts[0]!.length;
  let nats = 0;
  for (let done = 0; done < total;) {
    const start = done === 0 ? 0 : Math.max(0, Math.min(done - (context >> 1), total - context));
    const end = Math.min(start + context, total);
    const length = end - start;
    const read = new Int32Array(batch * (length - 1));
    texts.forEach((text, row) => read.set(text.subarray(start, end - 1), row * (length - 1)));
    const logits = await model.read!(read, batch, length - 1);
    texts.forEach((text, row) => {
      for (let i = done; i < end; i++) {
        nats -= logProbabilities(logits, (row * length + i - start) * size, size)[text[i]!]!;
      }
    });
    done = end;
  }
  return nats;
}
