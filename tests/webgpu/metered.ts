/** Counts what is copied to and from a device of kernels. */
import type { DeviceProgram, KernelDevice } from "../../engine/kernels/compile.ts";

/** Bytes that were copied so far, constants of programs left out. */
interface Copies {
  up: number;
  down: number;
  /** How often results were waited for. */
  waits: number;
}

/** A device that counts what is copied. */
export function metered(device: KernelDevice): { device: KernelDevice; copies: Copies } {
  const copies: Copies = { up: 0, down: 0, waits: 0 };
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
    device: { ...device, open: async (program) => counting(await device.open(program)) },
  };
}
