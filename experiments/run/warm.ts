/** Caches of the job worker: objects in memory between jobs, and finished parts of a job on disk. */
import { join } from "node:path";
import {
  type ChoiceOptions,
  chooseEngine,
  type DeviceChoice,
  type DeviceName,
  type Engine,
  openEngine,
  type Precision,
  type Workload,
} from "../../engine/mod.ts";
import { readPart, writePart } from "../common/system.ts";

/** Largest number of cached values; the least recently used ones are evicted. */
const MOST_KEPT = 16;

interface Kept {
  readonly value: unknown;
  dispose(): Promise<void>;
}

/**
 * A cache of engines, weights, compiled programs and data sets. A key includes everything that the value depends
 * on. Jobs are processed one at a time, so values are not used concurrently.
 */
export class Warm {
  /** The most recently used value is last. */
  readonly #kept = new Map<string, Kept>();
  readonly #engines = new Map<Engine["device"], Engine>();
  readonly #choices = new Map<string, Engine["device"]>();

  /**
   * Returns the cached value, or creates it with `make`.
   *
   * @param dispose Releases the value when it is evicted.
   */
  async get<T>(
    key: string,
    make: () => T | Promise<T>,
    dispose: (value: T) => Promise<void> = async () => {},
  ): Promise<T> {
    const known = this.#kept.get(key);
    const kept = known ?? await this.#made(make, dispose);
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.value as T;
  }

  async #made<T>(
    make: () => T | Promise<T>,
    dispose: (value: T) => Promise<void>,
  ): Promise<Kept> {
    const value = await make();
    return { value, dispose: () => dispose(value) };
  }

  /**
   * As {@link engineFor}, with one engine for each device. The result of measuring devices is cached by key.
   *
   * @throws {UserError} If the requested device is not available.
   */
  async engineFor(
    device: DeviceName | undefined,
    key: string,
    workload: Workload,
  ): Promise<Engine> {
    if (device !== undefined && device !== "auto") {
      return await this.#engine(device, () => openEngine({ device }));
    }
    const chosen = this.#choices.get(key);
    if (chosen !== undefined) return this.#engines.get(chosen)!;
    const { engine } = await engineFor(device, workload);
    this.#choices.set(key, engine.device);
    const known = this.#engines.get(engine.device);
    if (known) await engine.dispose();
    return known ?? await this.#engine(engine.device, () => Promise.resolve(engine));
  }

  async #engine(device: Engine["device"], open: () => Promise<Engine>): Promise<Engine> {
    const engine = this.#engines.get(device) ?? await open();
    this.#engines.set(device, engine);
    return engine;
  }

  /** Evicts values above the limit. Must not be called while a job is running. */
  async trim(): Promise<void> {
    for (const [key, kept] of [...this.#kept].slice(0, -MOST_KEPT)) {
      this.#kept.delete(key);
      await kept.dispose();
    }
  }
}

/**
 * The finished parts of a job, one file each, which are reused if the job is repeated after its process was
 * killed. A file that is damaged or has another stamp is ignored.
 */
export class Parts {
  /**
   * @param folder Folder of the files; created if missing.
   * @param stamp Everything that parts depend on other than the input of the job: weights, device, code.
   * @param onKept Called after a part was created.
   */
  constructor(
    readonly folder: string,
    readonly stamp: string,
    readonly onKept: () => Promise<void>,
  ) {}

  /** Returns the stored part, or creates and stores it. */
  async keep<T>(name: string, make: () => Promise<T>): Promise<T> {
    const path = join(this.folder, `${name}.part`);
    const known = readPart<T>(path, this.stamp);
    if (known) return known.value;
    const value = await make();
    writePart(path, this.stamp, value);
    await this.onKept();
    return value;
  }
}

/**
 * Opens the device asked for. With "auto", or nothing, it is the one that {@link chooseEngine} finds, or
 * for a precision other than float32 the only one that has it.
 *
 * @throws {UserError} If the device asked for cannot be used here, or does not have the precision.
 */
export async function engineFor(
  device: DeviceName | undefined,
  workload: Workload,
  { precision = "float32", ...options }: ChoiceOptions & { readonly precision?: Precision } = {},
): Promise<{ engine: Engine; choice: DeviceChoice }> {
  if (device === undefined || device === "auto") {
    if (precision === "float32") return await chooseEngine(workload, options);
    const engine = await openEngine({ device: "cuda", precision });
    const reason = `cuda is the only device with precision ${precision}`;
    return { engine, choice: { device: engine.device, reason, measured: [] } };
  }
  const engine = await openEngine({ device, precision });
  return { engine, choice: { device, reason: `${device} was asked for`, measured: [] } };
}
