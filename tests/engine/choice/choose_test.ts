import assert from "node:assert/strict";
import { chooseEngine, openEngine, tf, type Workload } from "../../../engine/mod.ts";
import { MEASURING_PROGRAM } from "../../../engine/choice/measure.ts";
import { type Candidate, CANDIDATES } from "../../../engine/choice/choose.ts";
import { onnxRuntime } from "../../../engine/onnx/runtime.ts";

const SIZE = 192;
const matrix = { shape: [SIZE, SIZE], dtype: "float32" } as const;

/** Products that plain JavaScript takes a hundred times as long for. */
const products: Workload = {
  compile: (engine) =>
    engine.compile(({ x, y }) => ({ z: tf.matMul(tf.matMul(x!, y!), y!) }), {
      x: matrix,
      y: matrix,
    }),
  runs: 1e6,
};

function here(device: "cpu" | "tfjs-cpu"): Candidate {
  return { device, trouble: () => Promise.resolve(undefined), open: () => openEngine({ device }) };
}

/** The CPU, measured in a process of its own. */
function inOwnProcess(entry = MEASURING_PROGRAM): Candidate {
  return { ...here("cpu"), ownProcess: { dialect: onnxRuntime().dialect, entry } };
}

async function choose(candidates: readonly Candidate[], options = {}, workload = products) {
  const { engine, choice } = await chooseEngine(workload, { candidates, ...options });
  await engine.dispose();
  assert.equal(engine.device, choice.device);
  return choice;
}

Deno.test("the faster device is taken, whatever their order, and the times of both are kept", async () => {
  for (const candidates of [[here("tfjs-cpu"), here("cpu")], [here("cpu"), here("tfjs-cpu")]]) {
    const { device, reason, measured } = await choose(candidates);
    assert.equal(device, "cpu");
    assert.match(reason, /^cpu is the fastest for this program: .*tfjs-cpu \d+ ms/);
    const times = Object.fromEntries(measured.map((m) => [m.device, m.milliseconds!]));
    assert.ok(times.cpu! < times["tfjs-cpu"]!, JSON.stringify(times));
    assert.deepEqual(measured.map(({ trouble }) => trouble), [null, null]);
  }
});

Deno.test("a device is measured in a process of its own, on the very program", async () => {
  const { device, measured: [slow, fast] } = await choose([here("tfjs-cpu"), inOwnProcess()]);
  assert.equal(device, "cpu");
  assert.equal(fast!.trouble, null);
  assert.ok(fast!.milliseconds! < slow!.milliseconds!);
});

Deno.test("where one device qualifies nothing is compiled or measured", async () => {
  const workload = { compile: () => assert.fail("compiled"), runs: 1e6 };
  const absent: Candidate = {
    ...inOwnProcess(),
    device: "cuda",
    trouble: () => Promise.resolve("no such card"),
  };
  const choice = await choose([here("cpu"), absent], {
    onMeasure: () => assert.fail("measured"),
  }, workload);
  assert.deepEqual(choice, {
    device: "cpu",
    reason: "cpu is the only device that qualifies (cuda: no such card)",
    measured: [
      { device: "cpu", milliseconds: null, trouble: null },
      { device: "cuda", milliseconds: null, trouble: "no such card" },
    ],
  });
});

Deno.test("for short work no second device is measured", async () => {
  const measuredNames: string[] = [];
  const { device, measured } = await choose([here("cpu"), here("tfjs-cpu")], {
    onMeasure: (name: string) => measuredNames.push(name),
  }, { ...products, runs: 3 });
  assert.deepEqual([device, measuredNames], ["cpu", ["cpu"]]);
  assert.match(
    measured[1]!.trouble!,
    /^not measured, since cpu needs about .* s for all of the work$/,
  );
});

Deno.test("a driver that crashes takes only its own process down, and is named", async () => {
  const crashing = {
    ...inOwnProcess(new URL("crashing.ts", import.meta.url)),
    device: "webgpu",
  } as const;
  const { device, measured } = await choose([here("cpu"), crashing]);
  assert.equal(device, "cpu");
  assert.match(measured[1]!.trouble!, /^the process that measured it was ended by SIGSEGV/);
});

Deno.test("a driver that hangs is given up after the time limit", async () => {
  const hanging = {
    ...inOwnProcess(new URL("hanging.ts", import.meta.url)),
    device: "webgpu",
  } as const;
  const { device, measured } = await choose([here("cpu"), hanging], { timeLimitSeconds: 1 });
  assert.equal(device, "cpu");
  assert.equal(measured[1]!.trouble, "it gave no answer within 1 s");
});

Deno.test("measuring ends when the signal aborts", async () => {
  const hanging = {
    ...inOwnProcess(new URL("hanging.ts", import.meta.url)),
    device: "webgpu",
  } as const;
  const signal = AbortSignal.timeout(1500);
  await assert.rejects(choose([here("cpu"), hanging], { signal }), { name: "TimeoutError" });
});

/** A gradient that TensorFlow.js' plain backend gets wrong: see engine/eager.ts. */
const enlarged: Workload = {
  compile: (engine) =>
    engine.compile(({ x, w }) => ({
      gradient: tf.grad((x) =>
        tf.sum(tf.mul(tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [8, 8]), w!))
      )(x!),
    }), {
      x: { shape: [3, 4, 4, 2], dtype: "float32" },
      w: { shape: [3, 8, 8, 2], dtype: "float32" },
    }),
  runs: 1e9,
};

Deno.test("a device that computes something else is left out, however fast it is", async () => {
  const { device, measured } = await choose([here("cpu"), here("tfjs-cpu")], {}, enlarged);
  assert.equal(device, "cpu");
  assert.match(measured[1]!.trouble!, /^its results differ from the right ones by \d/);
});

Deno.test("what the work throws on every device is thrown", async () => {
  const broken: Workload = {
    compile: () => Promise.reject(new Error("no such layer")),
    runs: 1e6,
  };
  await assert.rejects(choose([here("cpu"), here("tfjs-cpu")], {}, broken), /no such layer/);
});

Deno.test("a WebGPU that is tried although it is software or absent does no harm", async () => {
  const webgpu = CANDIDATES.find(({ device }) => device === "webgpu")!;
  const forced = { ...webgpu, trouble: () => Promise.resolve(undefined) };
  const { measured: [cpu, other] } = await choose([here("cpu"), forced]);
  assert.equal(typeof cpu!.milliseconds, "number");
  assert.notEqual(other!.milliseconds === null, other!.trouble === null);
});

Deno.test("looking for a GPU writes nothing to the terminal, with or without a display", async () => {
  const webgpu = new URL("../../../engine/kernels/webgpu.ts", import.meta.url).href;
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const script =
    `import { webGpuTrouble } from "${webgpu}"; await webGpuTrouble(); await webGpuTrouble();
    if (Deno.env.has("XDG_RUNTIME_DIR")) throw new Error("the environment was left changed");`;
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "--config", config, script],
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH")!, HOME: Deno.env.get("HOME") ?? "/" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.ok(success, text(stderr));
  assert.deepEqual([text(stdout), text(stderr)], ["", ""]);
});
