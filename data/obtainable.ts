/** Whether a public data set can be had here, asked before a run is queued for it. */
import { UserError } from "../engine/host/mod.ts";
import { probe } from "./download.ts";
import { FASHION_MNIST } from "./fashion_mnist.ts";
import { KMNIST } from "./kmnist.ts";
import { type LoadOptions, sourceOf } from "./load.ts";
import { MNIST } from "./mnist.ts";
import { filesNotAtHand, type PublicDataset, urlsOf } from "./public_dataset.ts";
import { TINY_SHAKESPEARE } from "./shakespeare.ts";

const PUBLIC: Readonly<Record<string, PublicDataset>> = {
  "mnist": MNIST,
  "fashion-mnist": FASHION_MNIST,
  "kmnist": KMNIST,
  "tiny-shakespeare": TINY_SHAKESPEARE,
};

/** How long a mirror may take to answer. */
const PATIENCE_MILLISECONDS = 10_000;

/**
 * Checks that a data set is at hand or can be downloaded now: its files are in the directory or in the
 * cache, or a mirror answers for the first that is not. Nothing is downloaded, and the content of
 * files is verified only when they are loaded. Data sets that are not public are not looked at.
 *
 * @param name A data set's own name, or the path of data of one's own.
 * @throws {UserError} If it cannot be had, with every mirror's reason and what to do about it.
 */
export async function requireObtainable(name: string, options: LoadOptions = {}): Promise<void> {
  if (!Object.hasOwn(PUBLIC, name)) return;
  const dataset = PUBLIC[name]!;
  const source = sourceOf(options);
  const [missing] = await filesNotAtHand(dataset, source);
  if (missing === undefined || "directory" in source) return;
  const signal = AbortSignal.any([
    AbortSignal.timeout(PATIENCE_MILLISECONDS),
    ...(options.signal ? [options.signal] : []),
  ]);
  const reasons = await Promise.all(
    urlsOf(dataset, missing, source).map((url) => probe(url, signal)),
  );
  options.signal?.throwIfAborted();
  if (reasons.includes(undefined)) return;
  throw new UserError(
    `Cannot get ${dataset.title}: it is not on this machine, and no place that has it can be ` +
      `reached (${reasons.join("; ")}). ${dataset.waysOut}`,
  );
}
