import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafeTensor,
  UserError,
} from "../../../engine/host/mod.ts";

/** A file with any header: `data` is the bytes behind it. */
function fileOf(header: string, dataLength: number, headerLength?: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + json.length + dataLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength ?? json.length), true);
  file.set(json, 8);
  return file;
}

const entry = (shape: number[], begin: number, end: number, dtype = "F32") =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

/** The message with which a file is refused. */
function refusal(file: Uint8Array): string {
  try {
    decodeSafetensors(file);
  } catch (error) {
    assert.ok(error instanceof UserError, `${error}`);
    assert.match(error.message, /^Cannot read the safetensors file: /);
    return error.message.replace("Cannot read the safetensors file: ", "");
  }
  return assert.fail("the file was accepted");
}

Deno.test("encodeSafetensors() writes the published layout, byte for byte", () => {
  const file = encodeSafetensors({
    b: { dtype: "F32", shape: [2], data: new Float32Array([1, -2]) },
    a: { dtype: "I32", shape: [], data: new Int32Array([7]) },
  }, { kind: "test" });
  const header = `{"__metadata__":{"kind":"test"},` +
    `"a":{"dtype":"I32","shape":[],"data_offsets":[0,4]},` +
    `"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`;
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8, " ");
  const length = [padded.length, 0, 0, 0, 0, 0, 0, 0];
  const data = [7, 0, 0, 0, /* 1 */ 0, 0, 0x80, 0x3f, /* −2 */ 0, 0, 0, 0xc0];
  assert.deepEqual([...file], [...length, ...new TextEncoder().encode(padded), ...data]);
});

Deno.test("decodeSafetensors() reads a file written by the Python package", () => {
  // safetensors 0.8.0: save({"weights": float32 [[1, -2, 0.5], [3, 4, 5]], "labels": int32 [7, -1]},
  // metadata={"kind": "test"})
  const header = `{"__metadata__":{"kind":"test"},` +
    `"weights":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},` +
    `"labels":{"dtype":"I32","shape":[2],"data_offsets":[24,32]}}      `;
  const data = "0000803f000000c00000003f00004040000080400000a04007000000ffffffff";
  const file = fileOf(header, 32);
  file.set(Uint8Array.fromHex(data), file.length - 32);
  assert.equal(file[0], 160);
  assert.deepEqual(decodeSafetensors(file), {
    metadata: { kind: "test" },
    tensors: {
      weights: { dtype: "F32", shape: [2, 3], data: new Float32Array([1, -2, 0.5, 3, 4, 5]) },
      labels: { dtype: "I32", shape: [2], data: new Int32Array([7, -1]) },
    },
  });
});

Deno.test("any tensors and metadata survive a round trip, at any alignment of the bytes", () => {
  const tensor: fc.Arbitrary<SafeTensor> = fc.tuple(
    fc.array(fc.nat({ max: 4 }), { maxLength: 3 }),
    fc.constantFrom("F32", "F16", "I32"),
    fc.integer(),
  ).map(([shape, dtype, seed]) => {
    const length = shape.reduce((n, size) => n * size, 1);
    const values = Array.from({ length }, (_, i) => (seed * (i + 1)) | 0);
    if (dtype === "F32") return { dtype, shape, data: Float32Array.from(values) };
    if (dtype === "F16") return { dtype, shape, data: Float16Array.from(values) };
    return { dtype: "I32", shape, data: Int32Array.from(values) };
  });
  const name = fc.string({ unit: "grapheme" }).filter((text) => text !== "__proto__");
  fc.assert(fc.property(
    fc.dictionary(name, tensor, { noNullPrototype: true }),
    fc.dictionary(name, fc.string({ unit: "grapheme" }), { noNullPrototype: true }),
    fc.nat({ max: 7 }),
    (tensors, metadata, shift) => {
      const file = encodeSafetensors(tensors, metadata);
      const moved = new Uint8Array(file.length + shift).subarray(shift);
      moved.set(file);
      assert.deepEqual(decodeSafetensors(moved), { tensors, metadata });
    },
  ));
});

Deno.test("equal content makes equal files, whatever the order of insertion", () => {
  const a: SafeTensor = { dtype: "F32", shape: [1], data: new Float32Array([1]) };
  const b: SafeTensor = { dtype: "F32", shape: [1], data: new Float32Array([2]) };
  assert.deepEqual(encodeSafetensors({ a, b }), encodeSafetensors({ b, a }));
});

Deno.test("decodeSafetensors() copies: the file may be overwritten afterwards", () => {
  const file = encodeSafetensors({ a: { dtype: "F32", shape: [1], data: new Float32Array([5]) } });
  const { tensors } = decodeSafetensors(file);
  file.fill(0);
  assert.equal(tensors.a!.data[0], 5);
});

Deno.test("encodeSafetensors() refuses a shape that disagrees with the data, and a reserved name", () => {
  const data = new Float32Array(3);
  assert.throws(
    () => encodeSafetensors({ w: { dtype: "F32", shape: [2, 2], data } }),
    /^UserError: Cannot write tensor `w`: shape \[2,2\] wants 4 elements, the data has 3$/,
  );
  assert.throws(
    () => encodeSafetensors({ __metadata__: { dtype: "F32", shape: [3], data } }),
    /^UserError: Cannot name a tensor `__metadata__`: it is reserved$/,
  );
});

Deno.test("a file cut anywhere is refused", () => {
  const file = encodeSafetensors({
    a: { dtype: "F32", shape: [2, 2], data: new Float32Array(4) },
    b: { dtype: "I32", shape: [1], data: new Int32Array(1) },
  }, { kind: "test" });
  for (let length = 0; length < file.length; length++) refusal(file.subarray(0, length));
});

Deno.test("a malformed file is refused with what is wrong", () => {
  const cases: [string, Uint8Array, string | RegExp][] = [
    [
      "no header length",
      new Uint8Array(7),
      "the file has 7 bytes, the header's length alone takes 8",
    ],
    [
      "header beyond the file",
      fileOf("{}", 0, 3),
      "its header claims 3 bytes, only 2 follow; it may be cut short",
    ],
    [
      "monstrous header",
      fileOf("{}", 0, Number.MAX_SAFE_INTEGER),
      /its header claims 9007199254740991 bytes, at most 100000000/,
    ],
    ["not JSON", fileOf("{]", 0), /its header is not JSON/],
    [
      "not UTF-8",
      fileOf("{}", 0, 0).fill(2, 0, 1).fill(0xff, 8),
      /its header is not JSON in UTF-8/,
    ],
    ["an array", fileOf("[]", 0), "its header does not start with `{`"],
    ["leading space", fileOf(" {}", 0), "its header does not start with `{`"],
    ["entry not an object", fileOf(`{"a":3}`, 0), "tensor `a` is not described by an object"],
    [
      "unknown dtype",
      fileOf(`{"a":${entry([1], 0, 2, "BF16")}}`, 2),
      'tensor `a` has dtype "BF16", F32, F16 or I32 is wanted',
    ],
    [
      "negative size",
      fileOf(`{"a":${entry([-1], 0, 4)}}`, 4),
      "tensor `a` has shape [-1], not a list of sizes",
    ],
    [
      "three offsets",
      fileOf(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}`, 8),
      "tensor `a` has data_offsets [0,4,8], not [begin, end]",
    ],
    [
      "size disagrees",
      fileOf(`{"a":${entry([3], 0, 8)}}`, 8),
      "tensor `a` has 8 bytes, F32 of shape [3] takes 12",
    ],
    [
      "shape overflows",
      fileOf(`{"a":${entry([2 ** 40, 2 ** 40], 0, 8)}}`, 8),
      /tensor `a` has 8 bytes, F32 of shape \[1099511627776,1099511627776\] takes/,
    ],
    [
      "offsets reversed",
      fileOf(`{"a":${entry([1], 8, 4)}}`, 8),
      "tensor `a` has -4 bytes, F32 of shape [1] takes 4",
    ],
    [
      "out of range",
      fileOf(`{"a":${entry([2], 0, 8)}}`, 4),
      "tensor `a` ends at byte 8 of 4; the file may be cut short",
    ],
    [
      "overlap",
      fileOf(`{"a":${entry([2], 0, 8)},"b":${entry([2], 4, 12)}}`, 12),
      "tensor `b` overlaps the one before it",
    ],
    [
      "gap",
      fileOf(`{"a":${entry([1], 0, 4)},"b":${entry([1], 8, 12)}}`, 12),
      "there is a gap before tensor `b`",
    ],
    [
      "bytes left over",
      fileOf(`{"a":${entry([1], 0, 4)}}`, 6),
      "2 bytes after the last tensor belong to none",
    ],
    [
      "duplicate tensor",
      fileOf(`{"a":${entry([1], 0, 4)},"\\u0061":${entry([1], 0, 4)}}`, 4),
      "its header names `a` twice",
    ],
    [
      "duplicate field",
      fileOf(`{"a":{"dtype":"I32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4),
      "its header names `dtype` twice",
    ],
    [
      "metadata of numbers",
      fileOf(`{"__metadata__":{"steps":3}}`, 0),
      "its `__metadata__` is not a map from text to text",
    ],
  ];
  for (const [what, file, expected] of cases) {
    const message = refusal(file);
    if (typeof expected === "string") assert.equal(message, expected, what);
    else assert.match(message, expected, what);
  }
});

Deno.test("brackets, quotes and colons inside names do not confuse the reader", () => {
  const data = new Float32Array([1]);
  const names = [`a":{"`, "}]", "\\", `\\"`, "a: b", "{", "dtype"];
  const tensors = Object.fromEntries(
    names.map((name): [string, SafeTensor] => [name, { dtype: "F32", shape: [1], data }]),
  );
  const metadata = { config: `{"a":1,"a":2}` };
  assert.deepEqual(decodeSafetensors(encodeSafetensors(tensors, metadata)), { tensors, metadata });
});

Deno.test("decodeSafetensors() reads a Buffer, as Node's readFile gives it, like any other bytes", () => {
  const tensors = { a: { dtype: "F32" as const, shape: [3], data: Float32Array.of(1, 2, 3) } };
  const decoded = decodeSafetensors(Buffer.from(encodeSafetensors(tensors)));
  assert.deepEqual(decoded.tensors.a, tensors.a);
});
