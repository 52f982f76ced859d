/** Which kernels functions become: fusion is judged by what is left. */
import assert from "node:assert/strict";
import { compileKernels, type KernelProgram } from "../../../engine/kernels/compile.ts";
import type { Statement } from "../../../engine/kernels/kernel.ts";
import { planLaunches, planMemory } from "../../../engine/kernels/memory.ts";
import { KERNEL_DIALECT } from "../../../engine/kernels/runtime.ts";
import { sizeOf } from "../../../engine/graph/value.ts";
import { printWgsl } from "../../../engine/kernels/wgsl.ts";
import { tf } from "../../../engine/mod.ts";
import { trace } from "../../../engine/trace.ts";
import { declarations, groupNorm, layerNorm } from "../../../models/layers/mod.ts";

// deno-lint-ignore no-explicit-any -- so that a test can name its tensors' ranks
type Tensors = Record<string, any>;

function kernelsOf(
  shapes: Readonly<Record<string, readonly number[]>>,
  fn: (inputs: Tensors) => tf.Tensor | Record<string, tf.Tensor>,
): KernelProgram {
  const signature = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, { shape, dtype: "float32" as const }]),
  );
  const outputs = (inputs: Tensors) => {
    const result = fn(inputs);
    return "dataId" in result ? { y: result as tf.Tensor } : result as Record<string, tf.Tensor>;
  };
  return compileKernels(trace(outputs, signature, {}, KERNEL_DIALECT));
}

const names = ({ kernels }: KernelProgram) => kernels.map(({ name }) => name);

const large = [512, 256];

Deno.test("elementwise chains are one kernel, whatever is moved in between", () => {
  const program = kernelsOf({ x: large, y: [256] }, ({ x, y }) => {
    const h = tf.mul(tf.tanh(tf.add(x, y)), 2);
    const moved = tf.slice(tf.transpose(tf.reshape(h, [512, 16, 16]), [1, 0, 2]), [0, 0, 1], [
      16,
      512,
      8,
    ]);
    return tf.pad(tf.exp(moved), [[0, 0], [1, 1], [0, 0]]);
  });
  assert.deepEqual(names(program), ["map over 65792"]);
});

Deno.test("softmax is one kernel", () => {
  assert.equal(names(kernelsOf({ x: large }, ({ x }) => tf.softmax(tf.mul(x, 3)))).length, 1);
});

Deno.test("a layer's normalisation is one kernel forward, and two with all gradients behind it", () => {
  const { root } = declarations();
  const norm = layerNorm(root, 256);
  const shapes = { x: large, weight: [256], bias: [256], dy: large };
  const forward = kernelsOf(shapes, (p) => norm(p, p.x));
  assert.equal(names(forward).length, 1);
  const backward = kernelsOf(shapes, ({ x, weight, bias, dy }) => {
    const [dx, dWeight, dBias] = tf.grads((x, weight, bias) => norm({ weight, bias }, x!))(
      [x, weight, bias],
      dy,
    ) as [tf.Tensor, tf.Tensor, tf.Tensor];
    return { dx, dWeight, dBias };
  });
  assert.ok(names(backward).length <= 3, names(backward).join("; "));
});

Deno.test("a group normalisation with its activation is one kernel forward", () => {
  const { root } = declarations();
  const norm = groupNorm(root, 32);
  const shapes = { x: [16, 28, 28, 32], weight: [32], bias: [32] };
  // Channels first, as a convolution leaves its result.
  const program = kernelsOf({ ...shapes, x: [16, 32, 28, 28] }, (p) => {
    const y = norm(p, tf.transpose(p.x, [0, 2, 3, 1]) as tf.Tensor4D);
    return tf.transpose(tf.mul(y, tf.sigmoid(y)), [0, 3, 1, 2]);
  });
  assert.equal(names(program).length, 1, names(program).join("; "));
});

Deno.test("bias, activation and shortcut are part of a product, and of a convolution", () => {
  const product = kernelsOf(
    { x: [256, 64], w: [64, 128], b: [128], s: [256, 128] },
    (p) => tf.add(tf.relu(tf.add(tf.matMul(p.x, p.w), p.b)), p.s),
  );
  assert.equal(names(product).length, 1);
  const convolution = kernelsOf(
    { x: [8, 28, 28, 16], w: [3, 3, 16, 32], b: [32] },
    ({ x, w, b }) => tf.relu(tf.add(tf.conv2d(x, w, 1, "same"), b)),
  );
  assert.equal(names(convolution).length, 1);
});

Deno.test("the gradient of a filter is a contraction and, where it is divided, the sum of its parts", () => {
  const program = kernelsOf(
    { x: [32, 14, 14, 16], dy: [32, 14, 14, 32] },
    ({ x, dy }) =>
      tf.grad((w) => tf.conv2d(x, w as tf.Tensor4D, 1, "same"))(tf.zeros([3, 3, 16, 32]), dy),
  );
  assert.equal(names(program).length, 2);
  assert.match(names(program)[0]!, /^contraction/);
});

Deno.test("many tensors one after the other are computed in their place", () => {
  const program = kernelsOf({ x: [64, 64] }, ({ x }) => {
    const parts = [1, 2, 3, 4, 5].map((k) => tf.sum(tf.mul(tf.exp(x), k), 1));
    const joined = tf.concat(parts);
    return { joined, twice: tf.mul(joined, 2) };
  });
  const parts = [...program.parts].map(([{ shape }, own]) => [shape, own.length]);
  assert.deepEqual(parts, [[[320], 5]]);
});

Deno.test("no kernel reads what it writes, and none has a barrier that some lanes skip", () => {
  const program = kernelsOf({ x: [64, 96], w: [96, 80] }, ({ x, w }) => {
    const h = tf.softmax(tf.matMul(x, w));
    return { h, total: tf.sum(h), columns: tf.sum(h, 0) };
  });
  const barriers = (body: readonly Statement[], skipped: boolean): void => {
    for (const statement of body) {
      if (statement.kind === "barrier") assert.ok(!skipped);
      if (statement.kind === "loop") barriers(statement.body, skipped);
      if (statement.kind === "if") barriers(statement.body, true);
    }
  };
  for (const { reads, writes, body } of program.kernels) {
    assert.deepEqual(reads.filter((tensor) => writes.includes(tensor)), []);
    barriers(body, false);
  }
});

/** How many kernels each launch runs side by side, and what the first of them is. */
const launchesOf = ({ kernels }: KernelProgram) =>
  planLaunches(kernels, (kernel) => printWgsl(kernel, () => 0))
    .map(({ kernels }) => `${kernels.length} × ${kernels[0]!.name}`);

Deno.test("products of one shape are one launch, and so are their gradients", () => {
  const { root } = declarations();
  const norm = layerNorm(root, 64);
  const heads = (y: tf.Tensor) => tf.transpose(tf.reshape(y, [16, 32, 4, 16]), [0, 2, 1, 3]);
  const shapes = { x: [512, 64], weight: [64], bias: [64], q: [64, 64], k: [64, 64], v: [64, 64] };
  const launches = launchesOf(
    kernelsOf({ ...shapes, dy: [512, 64] }, ({ dy, weight, bias, ...p }) => {
      const mixed = (x: tf.Tensor) => {
        const h = norm({ weight, bias }, x) as tf.Tensor2D;
        const [q, k, v] = [p.q, p.k, p.v].map((w) => heads(tf.matMul(h, w)));
        const mixed = tf.matMul(tf.softmax(tf.matMul(q!, k!, false, true)), v!);
        return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [512, 64]);
      };
      return tf.grad(mixed)(p.x, dy);
    }),
  );
  const three = launches.filter((launch) => /^3 × contraction of 2097152/.test(launch));
  assert.equal(three.length, 2, launches.join("; "));
  // The sum of the three is part of the normalisation's gradient.
  assert.ok(!launches.some((launch) => launch.includes("map")), launches.join("; "));
});

Deno.test("a sum with its mean and the gradient of a cross-entropy are one kernel each", () => {
  const program = kernelsOf({ x: [32, 64, 65], hits: [32, 64, 65] }, ({ x, hits }) => {
    const loss = (x: tf.Tensor) => tf.mean(tf.mean(tf.sum(tf.mul(tf.logSoftmax(x), hits), -1), 1));
    const { value, grad } = tf.valueAndGrad((x) => loss(x) as tf.Scalar)(x);
    return { value, grad };
  });
  assert.equal(names(program).length, 2, names(program).join("; "));
});

Deno.test("a launch waits for kernels that do the same on other memory", () => {
  const shapes = { x: [64, 300], y: [64, 300], w: [300, 32], u: [32, 200] };
  const launches = launchesOf(kernelsOf(shapes, ({ x, y, w, u }) => {
    // One after the other: twice a product of a product.
    const twice = (x: tf.Tensor2D) => tf.matMul(tf.exp(tf.matMul(x, w)), u);
    return { a: twice(x), b: twice(y) };
  }));
  assert.deepEqual(launches, [
    "2 × contraction of 614400 to 2048",
    "2 × contraction of 409600 to 12800",
  ]);
});

Deno.test("what is needed at once lies apart in memory, and what is not may share its place", () => {
  const program = kernelsOf({ x: [128, 128] }, ({ x }) => {
    let h = x;
    for (let i = 0; i < 6; i++) h = tf.softmax(tf.matMul(h, x));
    return h;
  });
  const launches = planLaunches(program.kernels, (kernel) => printWgsl(kernel, () => 0))
    .map(({ kernels }) => kernels);
  const lasting = [...program.sources, ...Object.values(program.outputs)];
  const { places, banks } = planMemory({ launches, lasting, parts: program.parts }, 2 ** 20);
  const total = banks.reduce((sum, size) => sum + size, 0);
  assert.ok(total <= 5 * 128 * 128, `${total} elements`);
  // While a launch runs, all that is still to be read or was just written must be apart.
  launches.forEach((_, i) => {
    const live = [...places.keys()].filter((tensor) => {
      const used = launches.flatMap((kernels, j) =>
        kernels.some(({ reads, writes }) => reads.includes(tensor) || writes.includes(tensor))
          ? [j]
          : []
      );
      return lasting.includes(tensor) || (Math.min(...used) <= i && Math.max(...used) >= i);
    });
    const blocks = live.map((tensor) => ({
      bank: places.get(tensor)!.bank,
      start: places.get(tensor)!.offset,
      end: places.get(tensor)!.offset + sizeOf(tensor.shape),
    })).sort((x, y) => x.bank - y.bank || x.start - y.start);
    blocks.slice(1).forEach((block, j) => {
      const before = blocks[j]!;
      assert.ok(block.bank > before.bank || block.start >= before.end);
    });
  });
});

Deno.test("a tensor larger than a device binds is refused with what to do", () => {
  const program = kernelsOf({ x: [1024] }, ({ x }) => tf.exp(x));
  const launches = program.kernels.map((kernel) => [kernel]);
  const lasting = [...program.sources, ...Object.values(program.outputs)];
  assert.throws(
    () => planMemory({ launches, lasting, parts: program.parts }, 512),
    /^RangeError: A tensor of shape \[1024\] takes .*: the device binds at most .*smaller batch$/,
  );
});

Deno.test("equal layers that need nothing of each other are one launch", () => {
  const program = kernelsOf({ x: [64, 64], a: [64, 64], b: [64, 64], c: [64, 64] }, (p) => ({
    a: tf.relu(tf.matMul(p.x, p.a)),
    b: tf.relu(tf.matMul(p.x, p.b)),
    c: tf.relu(tf.matMul(tf.relu(tf.matMul(p.x, p.a)), p.c)),
  }));
  const launches = planLaunches(program.kernels, (kernel) => printWgsl(kernel, () => 0));
  assert.deepEqual(launches.map(({ kernels }) => kernels.length), [2, 1]);
});
