/** What a network that reads left to right makes of texts. */
import { logProbabilities, type TextModel } from "../../../models/text/generation/mod.ts";

/**
 * Mean −log p of the characters of texts of one length, in nats per character, each text on its own
 * and each character given those before it: all where the text fits the network's windows, else at
 * least half a window.
 *
 * @param batch Texts that the model's programs take at once.
 */
export async function ownNats(
  model: TextModel,
  texts: readonly Uint16Array[],
  batch: number,
): Promise<number> {
  let nats = 0;
  for (let from = 0; from < texts.length; from += batch) {
    const taken = texts.slice(from, from + batch);
    nats += await totalNats(model, taken, batch);
  }
  return nats / texts.reduce((sum, { length }) => sum + length, 0);
}

/** Over all characters of at most `batch` texts; missing ones are filled up and not counted. */
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
