/**
 * Installs TensorFlow's own library for the device "tensorflow": `@tensorflow/tfjs-node-gpu`, built
 * against a current TensorFlow, since the one that its own install script fetches is of 2022 and
 * knows no newer GPU than Ampere. Then it checks the device with a training step.
 *
 *     deno task setup:tensorflow [--cuda]
 *
 * Everything goes into `node_modules` of the program's folder. `--cuda` takes the build of TensorFlow
 * for NVIDIA's GPUs, with NVIDIA's libraries (about 4 GB), and needs a card with its driver.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  type Arrays,
  cudaTrouble,
  type Engine,
  normals,
  openEngine,
  UserError,
} from "../engine/mod.ts";
import { noiseInputs } from "../models/diffusion/mod.ts";
import { imageNetwork } from "../models/image/mod.ts";
import { initialParameters } from "../models/layers/mod.ts";
import { compileStep, inputArrays, trainingStep } from "../models/steps/mod.ts";

const PACKAGE = "@tensorflow/tfjs-node-gpu";
const VERSION = "4.22.0";
/** The TensorFlow that the add-on is known to be built against. */
const TENSORFLOW = "2.21.0";

const root = fileURLToPath(new URL("..", import.meta.url));
const modules = join(root, "node_modules");
const binding = join(modules, PACKAGE);
/** Python packages of our own, beside no others. */
const python = join(modules, ".tensorflow");

/** Runs a program. @throws {UserError} With the end of what it said, if it fails. */
async function run(what: string, program: string, args: string[], cwd = root): Promise<string> {
  console.log(`${what} …`);
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd }).output();
  const text = new TextDecoder().decode(stdout);
  if (success) return text;
  const end = (text + new TextDecoder().decode(stderr)).trim().split("\n").slice(-12).join("\n");
  throw new UserError(`${what} failed: ${program} ${args.join(" ")}\n${end}`);
}

/** @throws {UserError} If the system, the card or a program is missing that the installation needs. */
async function requireSystem(cuda: boolean): Promise<void> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") {
    throw new UserError(
      `setup:tensorflow builds for Linux on x86_64, and this is ${Deno.build.os} on ` +
        `${Deno.build.arch}: use device webgpu or cpu, which need no installation`,
    );
  }
  const trouble = cuda ? cudaTrouble() : undefined;
  if (trouble !== undefined) {
    throw new UserError(
      `setup:tensorflow --cuda needs a card of NVIDIA's: ${trouble}; mend that, or leave out --cuda ` +
        "for TensorFlow on the processor",
    );
  }
  for (
    const [program, of] of Object.entries({ npm: "npm", python3: "python3-pip", "g++": "g++" })
  ) {
    const found = await new Deno.Command(program, { args: ["--version"] }).output().then(
      ({ success }) => success,
      () => false,
    );
    if (!found) {
      throw new UserError(
        `setup:tensorflow needs ${program}, which was not found: apt-get install ${of}, or what ` +
          "installs it on this system",
      );
    }
  }
}

/** Puts TensorFlow's headers and libraries where the add-on's build looks for them. */
function linkLibraries(): void {
  const library = join(python, "tensorflow");
  const deps = join(binding, "deps");
  rmSync(deps, { recursive: true, force: true });
  mkdirSync(join(deps, "lib"), { recursive: true });
  symlinkSync(join(library, "include"), join(deps, "include"));
  const [framework] = readdirSync(library).filter((name) =>
    name.startsWith("libtensorflow_framework.so")
  );
  const links = {
    "libtensorflow.so": "libtensorflow_cc.so.2",
    "libtensorflow.so.2": "libtensorflow_cc.so.2",
    "libtensorflow_cc.so.2": "libtensorflow_cc.so.2",
    "libtensorflow_framework.so": framework!,
    "libtensorflow_framework.so.2": framework!,
  };
  for (const [name, target] of Object.entries(links)) {
    symlinkSync(join(library, target), join(deps, "lib", name));
  }
}

async function build(): Promise<void> {
  const gyp = join((await run("Looking for node-gyp", "npm", ["root", "--global"])).trim(), "npm");
  const bundled = [
    join(gyp, "node_modules/node-gyp/bin/node-gyp.js"),
    "/usr/share/nodejs/node-gyp/bin/node-gyp.js",
  ].find(existsSync);
  const folder = join(binding, "lib/napi-v8");
  const args = [
    "rebuild",
    // Where a distribution brings Node's headers, they need not be fetched.
    ...(existsSync("/usr/include/node/node_api.h") ? ["--nodedir=/usr"] : []),
    "--module_name=tfjs_binding",
    `--module_path=${folder}`,
    `--module=${join(folder, "tfjs_binding.node")}`,
    ...["--napi_version=9", "--napi_build_version=8", "--node_abi_napi=napi"],
    "--node_napi_label=napi-v8",
  ];
  const what = "Building the add-on";
  if (bundled) await run(what, "node", [bundled, ...args], binding);
  else await run(what, "npx", ["--yes", "node-gyp@11", ...args], binding);
}

async function install(cuda: boolean): Promise<void> {
  await requireSystem(cuda);
  await run(`Installing ${PACKAGE} ${VERSION}`, "npm", [
    ...["install", "--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit"],
    ...["--no-fund", "--prefix", root, `${PACKAGE}@${VERSION}`],
  ]);
  const wheel = cuda
    ? [`tensorflow[and-cuda]==${TENSORFLOW}`]
    : ["--no-deps", `tensorflow-cpu==${TENSORFLOW}`];
  rmSync(python, { recursive: true, force: true });
  await run(`Installing TensorFlow ${TENSORFLOW}${cuda ? " with CUDA" : ""}`, "python3", [
    ...["-m", "pip", "install", "--quiet", "--target", python],
    ...wheel,
  ]);
  linkLibraries();
  await build();
}

/**
 * Trains one step of the smallest network for pictures on the device and on the CPU.
 *
 * @returns One line: what it runs on, and how far its loss and gradients are from the CPU's.
 * @throws {UserError} If they differ by more than rounding.
 */
async function check(device: Engine): Promise<string> {
  const network = await imageNetwork("tiny");
  const [batch, pixels] = [4, 28 * 28];
  const noise = (stream: string, count: number) => normals({ seed: 5, stream, step: 0 }, count);
  const parameters = initialParameters(network.parameters, 1);
  for (const [name, { data }] of Object.entries(parameters)) {
    noise(name, data.length).forEach((value, i) => data[i]! += 0.02 * value);
  }
  const arrays: Arrays = {
    ...inputArrays(parameters),
    x: noise("x", batch * pixels).map((value) => Math.tanh(value)),
    eps: noise("eps", batch * pixels),
    ...noiseInputs([-2, -0.5, 1, 2.5]),
    labels: Int32Array.of(0, 3, 7, 10),
  };
  const stepOn = async (engine: Engine) => {
    const step = trainingStep(network, "v");
    const program = await compileStep(engine, step, { batch, outputs: "mean", replicas: 1 });
    return await program.run(arrays);
  };
  const [ours, theirs] = [await stepOn(await openEngine({ device: "cpu" })), await stepOn(device)];
  let [distance, length] = [0, 0];
  for (const [name, values] of Object.entries(ours)) {
    values.forEach((value, i) => {
      distance += (value - theirs[name]![i]!) ** 2;
      length += value ** 2;
    });
  }
  const relative = Math.sqrt(distance / length);
  if (!(relative < 1e-3)) {
    throw new UserError(
      `Device tensorflow computes something else: its loss and gradients of a training step differ ` +
        `from the CPU's by ${relative.toPrecision(2)} of their length`,
    );
  }
  return `Device tensorflow works: ${device.description}; a training step's loss and gradients ` +
    `differ from the CPU's by ${relative.toExponential(1)} of their length`;
}

const { values } = parseArgs({
  options: {
    cuda: { type: "boolean", default: false },
    "check-only": { type: "boolean", default: false },
  },
});
try {
  if (!values["check-only"]) await install(values.cuda);
  const engine = await openEngine({ device: "tensorflow" });
  console.log(await check(engine));
  Deno.exit(0);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(error.message);
  Deno.exit(1);
}
