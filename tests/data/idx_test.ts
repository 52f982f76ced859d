import assert from "node:assert/strict";
import { formatIdx, parseIdx, parseImageSplit } from "../../data/idx.ts";

const refused = (work: () => unknown, message: string) =>
  assert.throws(work, { name: "UserError", message });

const images = (shape: number[]) => {
  const data = new Uint8Array(shape.reduce((n, size) => n * size, 1)).map((_, i) => i % 251);
  return { name: "images", bytes: formatIdx({ shape, data }) };
};
const labels = (values: number[]) => ({
  name: "labels",
  bytes: formatIdx({ shape: [values.length], data: new Uint8Array(values) }),
});

Deno.test("parseIdx() reads the published layout", () => {
  const bytes = new Uint8Array([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255]);
  const array = parseIdx(bytes, "x");
  assert.deepEqual(array, { shape: [2, 3], data: new Uint8Array([1, 2, 3, 4, 5, 255]) });
  assert.deepEqual(formatIdx(array), bytes);
});

Deno.test("parseIdx() reads sizes above 2^24 as unsigned and big endian", () => {
  const bytes = new Uint8Array([0, 0, 8, 2, 0x80, 0, 0, 1, 0, 0, 0, 0]);
  assert.deepEqual(parseIdx(bytes, "x").shape, [2 ** 31 + 1, 0]);
});

Deno.test("parseIdx() names what is wrong with a file", () => {
  const good = formatIdx({ shape: [2, 3], data: new Uint8Array(6) });
  refused(
    () => parseIdx(new Uint8Array([0x1f, 0x8b, 8, 0, 1]), "x.gz"),
    "Cannot read x.gz: it starts with 1f8b0800, an IDX file of bytes with 000008 and its rank",
  );
  refused(
    () => parseIdx(new Uint8Array(), "x"),
    "Cannot read x: it starts with nothing, an IDX file of bytes with 000008 and its rank",
  );
  refused(
    () => parseIdx(new Uint8Array([0, 0, 13, 1, 0, 0, 0, 0]), "floats"),
    "Cannot read floats: it starts with 00000d01, an IDX file of bytes with 000008 and its rank",
  );
  refused(
    () => parseIdx(good.subarray(0, 10), "x"),
    "Cannot read x: it is cut short, 10 bytes where at least 13 are due",
  );
  refused(
    () => parseIdx(good.subarray(0, 17), "x"),
    "Cannot read x: it is cut short, 17 bytes where at least 18 are due",
  );
  refused(
    () => parseIdx(new Uint8Array([...good, 0]), "x"),
    "Cannot read x: it has 19 bytes, its sizes [2,3] call for 18",
  );
});

Deno.test("parseImageSplit() joins pictures and labels", () => {
  const split = parseImageSplit(images([3, 28, 28]), labels([7, 0, 9]), 10);
  assert.equal(split.count, 3);
  assert.equal(split.pixels.length, 3 * 784);
  assert.deepEqual([...split.labels], [7, 0, 9]);
});

Deno.test("parseImageSplit() refuses files that do not belong together", () => {
  refused(
    () => parseImageSplit(images([3, 28, 28]), labels([7, 0]), 10),
    "Cannot use labels: its shape is [2], but images holds 3 pictures",
  );
  refused(
    () => parseImageSplit(images([3, 28, 27]), labels([7, 0, 9]), 10),
    "Cannot use images: its shape is [3,28,27], wanted are [count,28,28]",
  );
  refused(
    () => parseImageSplit(labels([7, 0, 9]), labels([7, 0, 9]), 10),
    "Cannot use labels: its shape is [3], wanted are [count,28,28]",
  );
  refused(
    () => parseImageSplit(images([3, 28, 28]), labels([7, 10, 9]), 10),
    "Cannot use labels: label 1 is 10, allowed are 0 to 9",
  );
});
