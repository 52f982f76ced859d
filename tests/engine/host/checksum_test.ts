import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  decodeSafetensors,
  decodeWithChecksum,
  encodeSafetensors,
  encodeWithChecksum,
  type SafeTensor,
} from "../../../engine/host/mod.ts";

const TENSORS: Record<string, SafeTensor> = {
  weights: { dtype: "F32", shape: [2, 3], data: new Float32Array([1, -2, 0.5, 3, 4, 5]) },
  labels: { dtype: "I32", shape: [2], data: new Int32Array([7, -1]) },
};
const METADATA = { kind: "test", 'quoted "sha256":"': '"sha256":"' + "0".repeat(64) };

Deno.test("a file with a checksum gives back what went in, and is an ordinary safetensors file", () => {
  const file = encodeWithChecksum(TENSORS, METADATA);
  assert.deepEqual(decodeWithChecksum(file), {
    tensors: TENSORS,
    metadata: METADATA,
    hasChecksum: true,
  });
  const { tensors, metadata: { sha256, ...metadata } } = decodeSafetensors(file);
  assert.deepEqual([tensors, metadata], [TENSORS, METADATA]);
  // As anyone can check it: the SHA-256 of the file with zeros in place of the digits.
  const blank = Buffer.from(file).toString("latin1").replace(sha256!, "0".repeat(64));
  assert.equal(createHash("sha256").update(blank, "latin1").digest("hex"), sha256);
});

Deno.test("a file that is written again from what was read gets a checksum of its own", () => {
  const { tensors, metadata } = decodeSafetensors(encodeWithChecksum(TENSORS));
  tensors.weights!.data[0] = 9;
  assert.equal(decodeWithChecksum(encodeWithChecksum(tensors, metadata)).hasChecksum, true);
});

Deno.test("a file without a checksum is read as one", () => {
  assert.deepEqual(decodeWithChecksum(encodeSafetensors(TENSORS, { kind: "test" })), {
    tensors: TENSORS,
    metadata: { kind: "test" },
    hasChecksum: false,
  });
});

Deno.test("no flipped bit leaves a file that still claims to be checked", () => {
  const file = encodeWithChecksum(TENSORS, { kind: "test" });
  const taken: number[] = [];
  for (let bit = 0; bit < 8 * file.length; bit++) {
    file[bit >> 3]! ^= 1 << (bit & 7);
    try {
      if (decodeWithChecksum(file).hasChecksum) taken.push(bit);
    } catch (error) {
      assert.equal((error as Error).name, "UserError");
    }
    file[bit >> 3]! ^= 1 << (bit & 7);
  }
  assert.deepEqual(taken, []);
});
