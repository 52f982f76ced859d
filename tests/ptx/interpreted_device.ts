/** A device whose kernels are PTX, interpreted. */
import {
  type DeviceProgram,
  type KernelDevice,
  type KernelProgram,
  wordsOf,
} from "../../engine/kernels/compile.ts";
import type { Kernel } from "../../engine/kernels/kernel.ts";
import { planLaunches, planMemory } from "../../engine/kernels/memory.ts";
import { printPtx } from "../../engine/kernels/ptx.ts";
import type { Tensor } from "../../engine/kernels/tensor.ts";
import { parseEntry, runGrid, type Space, spaceOf, STRIDE } from "./interpret.ts";

/** With the launches and the memory plan of a card, and all of its memory full of NaN at first. */
export const interpretedPtx: KernelDevice = {
  device: "cuda",
  description: "PTX, interpreted",
  open: (program) => Promise.resolve(open(program)),
  close() {},
};

function open(program: KernelProgram): DeviceProgram {
  const launches = [
    ...planLaunches(program.kernels, (kernel) => printPtx(kernel)),
    ...program.commits.map((kernel) => ({ text: printPtx(kernel), kernels: [kernel] })),
  ];
  const { places, banks } = planMemory({
    launches: launches.map(({ kernels }) => kernels),
    lasting: [...program.sources, ...Object.values(program.outputs)],
    parts: program.parts,
  }, 2 ** 28);
  const memory = banks.map((size) => spaceOf(new Int32Array(size).fill(0x7fc00000)));
  const global = new Map<number, Space>(memory.map((space, bank) => [bank + 1, space]));
  const addressOf = (tensor: Tensor) => {
    const { bank, offset } = places.get(tensor)!;
    return (bank + 1) * STRIDE + 4 * offset;
  };
  const words = (tensor: Tensor, length: number) => {
    const { bank, offset } = places.get(tensor)!;
    return memory[bank]!.words.subarray(offset, offset + length);
  };
  const write: DeviceProgram["write"] = (tensor, values) =>
    words(tensor, values.length).set(
      new Int32Array(values.buffer, values.byteOffset, values.length),
    );
  for (const source of program.sources) if (source.data) write(source, wordsOf(source.data));
  const steps = launches.map(({ kernels }) => ({
    kernels,
    entry: parseEntry(printPtx(kernels[0]!, kernels.length)),
  }));
  return {
    write,
    enqueue() {
      for (const { kernels, entry } of steps) {
        const tensors = kernels.flatMap(({ reads, writes }: Kernel) => [...reads, ...writes]);
        const blocks = kernels.length * kernels[0]!.workgroups;
        runGrid(entry, blocks, tensors.map(addressOf), global);
      }
    },
    read(readings) {
      for (const { tensor, into } of readings) {
        new Int32Array(into.buffer, into.byteOffset, into.length).set(words(tensor, into.length));
      }
      return Promise.resolve();
    },
    release() {},
  };
}
