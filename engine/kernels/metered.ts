/** Counts what is copied to and from a device of kernels, for benchmarks and tests. */
import type { DeviceProgram, KernelDevice, KernelProgram } from "./compile.ts";

/** Bytes that were copied so far, constants of programs left out. */
export interface Copies {
  up: number;
  down: number;
  /** How often results were waited for. */
  waits: number;
}

/** A device that counts what is copied, and remembers the program that was opened last. */
export interface MeteredDevice {
  readonly device: KernelDevice;
  readonly copies: Copies;
  lastProgram(): KernelProgram | undefined;
}

export function metered(device: KernelDevice): MeteredDevice {
  const copies: Copies = { up: 0, down: 0, waits: 0 };
  let last: KernelProgram | undefined;
  const counting = (program: DeviceProgram): DeviceProgram => ({
    write(tensor, words) {
      copies.up += words.byteLength;
      program.write(tensor, words);
    },
    enqueue: () => program.enqueue(),
    async read(readings) {
      copies.waits++;
      for (const { into } of readings) copies.down += into.byteLength;
      await program.read(readings);
    },
    release: () => program.release(),
  });
  return {
    copies,
    lastProgram: () => last,
    device: {
      device: device.device,
      description: device.description,
      precision: device.precision,
      async open(program) {
        last = program;
        return counting(await device.open(program));
      },
      close: () => device.close(),
    },
  };
}
