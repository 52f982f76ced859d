/**
 * Draws the data set MNIST-6k out of MNIST and writes its four files into `data/mnist-6k`:
 *
 *     deno run --allow-read --allow-write --allow-env --allow-net data/draw_mnist_6k.ts [--data DIR]
 *
 * Their content depends on MNIST alone; the checksums that are printed stand in `mnist_6k.ts`.
 */
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { sha256 } from "./content.ts";
import { formatIdx } from "./idx.ts";
import type { ImageSplit } from "./images.ts";
import { loadImageDataset } from "./load.ts";
import { drawnFromMnist } from "./mnist_6k.ts";

const { values } = parseArgs({ options: { data: { type: "string" } } });
const mnist = await loadImageDataset(
  "mnist",
  values.data === undefined ? {} : { directory: values.data },
);
writeSplit("train", drawnFromMnist(mnist.train, "train"));
writeSplit("t10k", drawnFromMnist(mnist.test, "test"));

function writeSplit(name: string, { count, pixels, labels }: ImageSplit): void {
  write(`${name}-images-idx3-ubyte`, formatIdx({ shape: [count, 28, 28], data: pixels }));
  write(`${name}-labels-idx1-ubyte`, formatIdx({ shape: [count], data: labels }));
}

function write(name: string, content: Uint8Array): void {
  const packed = gzipSync(content, { level: 9 });
  Deno.writeFileSync(new URL(`./mnist-6k/${name}.gz`, import.meta.url), packed);
  console.log(`${name}: ${content.length} bytes, SHA-256 ${sha256(content)}`);
}
