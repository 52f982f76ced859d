/**
 * Samples the data set MNIST-6k from MNIST and writes its four files to `data/mnist-6k`:
 *
 *     deno run --allow-read --allow-write --allow-env --allow-net data/draw_mnist_6k.ts [--data DIR]
 *
 * Their content depends on MNIST alone; the printed checksums are those in `registry.ts`.
 */
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { permutation } from "../engine/host/mod.ts";
import { sha256 } from "./files.ts";
import { formatIdx } from "./idx.ts";
import { type ImageSplit, selectExamples } from "./images.ts";
import { loadImageDataset } from "./load.ts";

/** Number of examples of each class in the two splits. */
const DIGITS_OF_EACH_CLASS = { train: 600, test: 100 } as const;
const SEED = 6000;

/**
 * Samples the same number of examples of each class without replacement, in random order.
 *
 * @param split MNIST's training or test examples.
 * @param part Which of the two they are.
 */
export function sampleFromMnist(split: ImageSplit, part: "train" | "test"): ImageSplit {
  const mixed = <Item>(items: readonly Item[], step: number): Item[] => {
    const order = permutation({ seed: SEED, stream: `mnist-6k/${part}`, step }, items.length);
    return Array.from(order, (index) => items[index]!);
  };
  const taken = Array<number>(10).fill(0);
  const drawn = mixed(Array.from({ length: split.count }, (_, index) => index), 0)
    .filter((index) => taken[split.labels[index]!]!++ < DIGITS_OF_EACH_CLASS[part]);
  // As they were drawn, rare classes are left for the end, where validation takes its examples.
  return selectExamples(split, split.pixels.length / split.count, mixed(drawn, 1));
}

function writeSplit(name: string, { count, pixels, labels }: ImageSplit): void {
  write(`${name}-images-idx3-ubyte`, formatIdx({ shape: [count, 28, 28], data: pixels }));
  write(`${name}-labels-idx1-ubyte`, formatIdx({ shape: [count], data: labels }));
}

function write(name: string, content: Uint8Array): void {
  const packed = gzipSync(content, { level: 9 });
  Deno.writeFileSync(new URL(`./mnist-6k/${name}.gz`, import.meta.url), packed);
  console.log(`${name}: ${content.length} bytes, SHA-256 ${sha256(content)}`);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { data: { type: "string" } } });
  const mnist = await loadImageDataset("mnist", { directory: values.data });
  writeSplit("train", sampleFromMnist(mnist.train, "train"));
  writeSplit("t10k", sampleFromMnist(mnist.test, "test"));
}
