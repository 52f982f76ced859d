import assert from "node:assert/strict";
import { decodeSafetensors, encodeSafetensors, type SafeTensor } from "../../engine/mod.ts";
import { imageNetwork } from "../../models/image/mod.ts";
import { initialParameters } from "../../models/layers/mod.ts";
import { python } from "./python.ts";

async function inTemporaryFile<T>(body: (path: string) => Promise<T>): Promise<T> {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    return await body(path);
  } finally {
    await Deno.remove(path);
  }
}

const hex = ({ buffer, byteOffset, byteLength }: SafeTensor["data"]) =>
  new Uint8Array(buffer, byteOffset, byteLength).toHex();

/** A tensor as the Python scripts describe it. */
const described = ({ dtype, shape, data }: SafeTensor) => ({
  dtype: { F32: "float32", F16: "float16", I32: "int32" }[dtype],
  shape: [...shape],
  bytes: hex(data),
});

Deno.test("the Python package reads what we write", async () => {
  const parameters = initialParameters((await imageNetwork("tiny")).parameters, 1);
  const tensors: Record<string, SafeTensor> = {
    ...Object.fromEntries(
      Object.entries(parameters).map(([name, tensor]) => [name, { dtype: "F32", ...tensor }]),
    ),
    special: {
      dtype: "F32",
      shape: [2, 3],
      data: Float32Array.of(0, -0, NaN, Infinity, -Infinity, 1e-45),
    },
    half: { dtype: "F16", shape: [4], data: Float16Array.of(0.1, -2, 65504, 6e-8) },
    scalar: { dtype: "F32", shape: [], data: Float32Array.of(2.5) },
    empty: { dtype: "F32", shape: [3, 0], data: new Float32Array() },
    labels: { dtype: "I32", shape: [3], data: Int32Array.of(-1, 2 ** 31 - 1, -(2 ** 31)) },
  };
  const metadata = { kind: "test", "über": "α → ω" };
  const read = await inTemporaryFile(async (path) => {
    await Deno.writeFile(path, encodeSafetensors(tensors, metadata));
    return await python("read_safetensors.py", path);
  });
  const expected = Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, described(tensor)]),
  );
  assert.deepEqual(read, { metadata, tensors: expected });
});

Deno.test("we read what the Python package writes", async () => {
  const { written, file } = await inTemporaryFile(async (path) => ({
    written: await python("write_safetensors.py", path) as Record<string, object>,
    file: decodeSafetensors(await Deno.readFile(path)),
  }));
  const read = Object.fromEntries(
    Object.entries(file.tensors).map(([name, tensor]) => {
      const { shape, bytes } = described(tensor);
      return [name, { shape, bytes }];
    }),
  );
  assert.equal(Object.keys(written).length, 5);
  assert.deepEqual(read, written);
  assert.equal(file.tensors.labels!.dtype, "I32");
  assert.deepEqual(file.metadata, { kind: "test", "über": "α → ω" });
});
