/** What the process that does jobs keeps: in memory from one job to the next, and on disk the finished
 * parts of a job that is not done. */
import { join } from "node:path";
import { type DeviceName, type Engine, openEngine, type Workload } from "../../engine/mod.ts";
import { engineFor } from "../common/device.ts";
import { readPart, writePart } from "../common/files.ts";

/** Values that are kept; those that were not used for the longest time go first. */
const MOST_KEPT = 16;

interface Kept {
  readonly value: unknown;
  dispose(): Promise<void>;
}

/**
 * Engines, weights, compiled programs and data sets, each under a key that says all that it was made
 * of. Jobs are done one at a time, so nothing here is used by two at once.
 */
export class Warm {
  /** The one used last stands last. */
  readonly #kept = new Map<string, Kept>();
  readonly #engines = new Map<Engine["device"], Engine>();
  readonly #choices = new Map<string, Engine["device"]>();

  /**
   * What was made under this key, or what `make` makes now.
   *
   * @param dispose Lets go of it once it is given up.
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
   * As {@link engineFor}, with one engine for each device. What was chosen by measuring is chosen again
   * for the same key.
   *
   * @throws {UserError} If the device that was requested cannot be used here.
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

  /** Gives up what is too much. Not to be called while a job is at work. */
  async trim(): Promise<void> {
    for (const [key, kept] of [...this.#kept].slice(0, -MOST_KEPT)) {
      this.#kept.delete(key);
      await kept.dispose();
    }
  }
}

/**
 * The finished parts of a job, one file each. Whoever does the job again after its process was killed
 * finds them; a damaged file, or one of another stamp, counts as none.
 */
export class Parts {
  /**
   * @param folder Where the files lie; made if missing.
   * @param stamp All that parts depend on beside the job's input: weights, device, code.
   * @param onKept Called after a part was made.
   */
  constructor(
    readonly folder: string,
    readonly stamp: string,
    readonly onKept: () => Promise<void>,
  ) {}

  /** The part of this name that is kept, or the one that `make` makes, which is kept from now on. */
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
