import assert from "node:assert/strict";
import { join } from "node:path";
import { requireObtainable } from "../../data/mod.ts";
import { closedAddress, serveFiles } from "./file_server.ts";
import { smallMnistFiles } from "./small_mnist.ts";

function withFolder(work: (folder: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = Deno.makeTempDirSync();
    try {
      await work(folder);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  };
}

Deno.test(
  "a public data set whose mirrors cannot be reached is refused, with the way on",
  withFolder(async (cache) => {
    const mirrors = [closedAddress(), closedAddress()];
    await assert.rejects(requireObtainable("mnist", { cache, mirrors }), (error) => {
      assert.ok(error instanceof Error && error.name === "UserError");
      assert.match(
        error.message,
        /^Cannot get MNIST: it is not on this machine, and no place that/,
      );
      for (const mirror of mirrors) assert.ok(error.message.includes(`${mirror}train-images-idx3`));
      assert.match(error.message, /--set dataset=mnist-6k, or overrides {"dataset": "mnist-6k"}/);
      return true;
    });
    await assert.rejects(requireObtainable("tiny-shakespeare", { cache, mirrors }), {
      name: "UserError",
      message: /^Cannot get Tiny Shakespeare: .* `made-up-verse`, which needs no network$/,
    });
    for (const name of ["fashion-mnist", "kmnist"]) {
      await assert.rejects(
        requireObtainable(name, { cache, mirrors }),
        /dataset `mnist-6k`, digits/,
      );
    }
    assert.deepEqual([...Deno.readDirSync(cache)], []);
  }),
);

Deno.test(
  "one mirror that has the file is enough, and a byte of it",
  withFolder(async (cache) => {
    await using server = await serveFiles(await smallMnistFiles());
    await requireObtainable("mnist", { cache, mirrors: [closedAddress(), server.url] });
    assert.deepEqual(server.requests.length, 1);
    assert.match(server.requests[0]!, /^train-images-idx3-ubyte\.gz bytes=0-0$/);
    await using without = await serveFiles({});
    await assert.rejects(
      requireObtainable("mnist", { cache, mirrors: [without.url] }),
      /train-images-idx3-ubyte\.gz: HTTP 404 Not Found\)\. Put the four files/,
    );
  }),
);

Deno.test(
  "what is in the cache or in the directory is not asked for",
  withFolder(async (folder) => {
    Deno.mkdirSync(join(folder, "mnist"));
    for (const [name, bytes] of Object.entries(await smallMnistFiles())) {
      Deno.writeFileSync(join(folder, "mnist", name), bytes);
    }
    await requireObtainable("mnist", { cache: folder, mirrors: [] });
    await requireObtainable("mnist", { directory: folder });
    Deno.removeSync(join(folder, "mnist", "t10k-labels-idx1-ubyte.gz"));
    await assert.rejects(
      requireObtainable("mnist", { directory: folder }),
      /^UserError: Cannot find MNIST: there is neither t10k-labels.*--set dataset=mnist-6k/,
    );
    await assert.rejects(
      requireObtainable("mnist", { cache: folder, mirrors: [closedAddress()] }),
      /t10k-labels-idx1-ubyte\.gz/,
    );
  }),
);

Deno.test("data sets that are not downloaded are not looked at", async () => {
  for (const name of ["mnist-6k", "made-up-digits", "made-up-verse", "./pictures", "constructor"]) {
    await requireObtainable(name, { directory: "/nowhere" });
  }
});
