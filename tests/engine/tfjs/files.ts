/**
 * TensorFlow.js's own test files, made to run on this program's copy of TensorFlow.js: their imports
 * are answered from it, and Jasmine's globals by ours.
 */
import { basename } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { tf } from "../../../engine/mod.ts";
import { expect, expectAsync, spyOn } from "./expect.ts";
import { type Body, collector, ExpectationError, type Spec } from "./spec.ts";

const ROOT = new URL("./", import.meta.resolve("@tensorflow/tfjs-core"));

/**
 * Files that say nothing about a backend: about browsers, networks and storage, about TensorFlow.js's
 * own machinery, and about functions that the package does not export.
 */
const FOREIGN = new RegExp(
  "^(io|platforms|public|backends)/|^(browser_util|debug_mode|device_util|engine|environment|flags|" +
    "globals|jasmine_util|kernel_registry|profiler|serialization|tape|worker.*)_test|" +
    "^ops/(from_pixels|to_pixels|draw|identity_pool|rand)_test|util_test",
);

type Method = (...args: unknown[]) => unknown;

/** Methods of tensors, which the tests use, and which the package keeps apart. */
function addMethods(): void {
  const prototype = tf.Tensor.prototype as unknown as Record<string, unknown>;
  const ops = { ...tf, ...tf.image, ...tf.spectral } as unknown as Record<string, Method>;
  for (const { name } of Deno.readDirSync(new URL("public/chained_ops/", ROOT))) {
    if (!/^[a-z0-9_]+\.js$/.test(name)) continue;
    const method = name.replace(".js", "").replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
    const op = ops[method];
    prototype[method] ??= op && function (this: tf.Tensor, ...args: unknown[]) {
      return op(this, ...args);
    };
  }
  const own: Record<string, (this: tf.Tensor, ...args: never[]) => tf.Tensor> = {
    asScalar() {
      return tf.reshape(this, []);
    },
    asType(dtype) {
      return tf.cast(this, dtype);
    },
    reshapeAs({ shape }: tf.Tensor) {
      return tf.reshape(this, shape);
    },
    toBool() {
      return tf.cast(this, "bool");
    },
    toFloat() {
      return tf.cast(this, "float32");
    },
    toInt() {
      return tf.cast(this, "int32");
    },
    concat(others: tf.Tensor | tf.Tensor[], axis) {
      return tf.concat([this, ...[others].flat()], axis);
    },
    flatten() {
      return tf.reshape(this, [this.size]);
    },
    where(condition: tf.Tensor, other: tf.Tensor) {
      return tf.where(condition, this, other);
    },
    stack(others: tf.Tensor | tf.Tensor[], axis) {
      return tf.stack([this, ...[others].flat()], axis);
    },
  };
  for (const [method, body] of Object.entries(own)) prototype[method] = body;
  for (let rank = 1; rank <= 5; rank++) {
    prototype[`as${rank}D`] = function (this: tf.Tensor, ...shape: number[]) {
      return tf.reshape(this, rank === 1 ? [this.size] : shape);
    };
  }
}

addMethods();

/** The test files that are run, by path below the package's `dist`, in order. */
export function testFiles(): string[] {
  const found: string[] = [];
  const visit = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
      if (isDirectory) visit(`${folder}${name}/`);
      else if (name.endsWith("_test.js")) found.push(folder + name);
    }
  };
  visit("");
  return found.filter((path) => !FOREIGN.test(path)).sort();
}

/** An environment that tests ask for. */
interface Constraints {
  readonly predicate?: (environment: { isDataSync: boolean }) => boolean;
  readonly flags?: Readonly<Record<string, unknown>>;
}

/** The globals of a test file. */
interface Scope {
  readonly environments: object;
  readonly globals: object;
}

/** The specs of one file, to be run on the backend called `backendName`. */
export function specsOf(path: string, backendName: string): readonly Spec[] {
  const { specs, globals } = collector();
  const describeWithFlags = (
    name: string,
    constraints: Constraints,
    define: (environment: unknown) => void,
  ) => {
    const environment = { name: backendName, backendName, isDataSync: true };
    const flags = Object.entries(constraints.flags ?? {});
    if (constraints.predicate && !constraints.predicate(environment)) return;
    if (flags.some(([flag, value]) => tf.env().get(flag) !== value)) return;
    globals.describe(name, () => define(environment));
  };
  const never = { predicate: () => false };
  const environments = {
    ALL_ENVS: {},
    SYNC_BACKEND_ENVS: {},
    BROWSER_ENVS: never,
    CHROME_ENVS: never,
    NODE_ENVS: never,
    HAS_WORKER: never,
    HAS_NODE_WORKER: never,
    TestKernelBackend: tf.KernelBackend,
    describeWithFlags,
    runWithLock: (body: Body) => body,
  };
  const fail = (reason: unknown) => {
    throw new ExpectationError(String(reason));
  };
  evaluate(path, {
    environments,
    globals: { ...globals, expect, expectAsync, spyOn, fail, jasmine: {} },
  });
  return specs;
}

/** Runs a file of the package, and returns what it exports. */
function evaluate(path: string, scope: Scope): Record<string, unknown> {
  const url = new URL(path, ROOT);
  const source = Deno.readTextFileSync(url);
  const exported = [...source.matchAll(/^export (?:async )?(?:function|class|const) (\w+)/gm)]
    .map(([, name]) => name);
  const globals = { ...scope.globals, __module: (name: string) => moduleOf(name, scope) };
  const body = `${withoutImports(source)}\nreturn { ${exported.join(", ")} };`;
  const run = new Function(...Object.keys(globals), `${body}\n//# sourceURL=${fileURLToPath(url)}`);
  return run(...Object.values(globals));
}

/** Import declarations as look-ups, and exports as plain declarations. */
function withoutImports(source: string): string {
  return source
    .replace(/^import '[^']*';$/gm, "")
    .replace(
      /^import \* as (\w+) from '([^']*)';$/gm,
      (_, name, from) => `const ${name} = __module("${from}");`,
    )
    .replace(
      /^import \{([^}]*)\} from '([^']*)';$/gm,
      (_, names: string, from) =>
        `const {${names.replaceAll(" as ", ": ")}} = __module("${from}");`,
    )
    .replace(/^export /gm, "")
    .replace(/^\/\/# sourceMappingURL=.*$/gm, "");
}

/** Helpers of the tests, which are taken from their own files. */
const HELPERS: Readonly<Record<string, string>> = {
  image_test_util: "image_test_util.js",
  identity_pool_test: "ops/identity_pool_test.js",
  rand_util: "ops/rand_util.js",
};

function moduleOf(specifier: string, scope: Scope): unknown {
  const name = basename(specifier);
  const helper = HELPERS[name];
  if (helper) return evaluate(helper, scope);
  const modules: Readonly<Record<string, unknown>> = {
    jasmine_util: scope.environments,
    test_util: tf.test_util,
    util: tf.util,
    engine: { ENGINE: tf.engine() },
    environment: { env: tf.env, ENV: tf.env() },
  };
  // Whatever else there is, the package exports it from one of these.
  return modules[name] ?? { ...tf.util, ...tf.backend_util, ...tf };
}
