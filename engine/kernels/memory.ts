/**
 * Where in memory each tensor lies: tensors that are never needed at once share their place. And which
 * kernels run side by side: the same text on other memory.
 */
import { sizeOf } from "../graph/value.ts";
import type { KernelProgram } from "./compile.ts";
import type { Kernel } from "./kernel.ts";
import type { Part } from "./storage.ts";
import type { Tensor } from "./tensor.ts";

export interface Place {
  readonly bank: number;
  /** In elements of four bytes. */
  readonly offset: number;
}

export interface MemoryPlan {
  readonly places: ReadonlyMap<Tensor, Place>;
  /** Elements of each bank. */
  readonly banks: readonly number[];
}

/** Tensors begin at multiples of this many elements, 256 bytes. */
const ALIGNMENT = 64;

/** A stretch of a bank that is in use. */
interface Block {
  readonly start: number;
  readonly end: number;
}

/**
 * What a device runs in every step, and where in its memory the tensors lie.
 *
 * @param textOf The text that a kernel is compiled from.
 * @param capacity Elements that a bank holds at most.
 * @param divided As many launches as the device makes of one.
 * @throws {RangeError} If a tensor is larger than a bank.
 */
export function planProgram(
  { kernels, commits, sources, outputs, parts }: KernelProgram,
  textOf: (kernel: Kernel) => string,
  capacity: number,
  divided: (launch: Launch) => Launch[] = (launch) => [launch],
): { readonly launches: readonly Launch[]; readonly plan: MemoryPlan } {
  const launches = [
    ...planLaunches(kernels, textOf),
    // Not among the others: they overwrite what those read.
    ...commits.map((kernel) => ({ text: textOf(kernel), kernels: [kernel] })),
  ].flatMap(divided);
  const plan = planMemory({
    launches: launches.map(({ kernels }) => kernels),
    lasting: [...sources, ...Object.values(outputs)],
    parts,
  }, capacity);
  return { launches, plan };
}

/** What is to be placed. */
interface MemoryNeeds {
  /** Kernels that run one after the other; those of one launch run side by side. */
  readonly launches: readonly (readonly Kernel[])[];
  /** Tensors that keep their place to themselves: sources, outputs, state. */
  readonly lasting: readonly Tensor[];
  /** Tensors that lie in the memory of others. */
  readonly parts: ReadonlyMap<Tensor, readonly Part[]>;
}

/**
 * Places every tensor that kernels read or write.
 *
 * @param capacity Elements that a bank holds at most.
 * @throws {RangeError} If a tensor is larger than a bank.
 */
export function planMemory(
  { launches, lasting, parts }: MemoryNeeds,
  capacity: number,
): MemoryPlan {
  const owners = new Map(
    [...parts].flatMap(([whole, own]) => own.map(({ tensor }) => [tensor, whole] as const)),
  );
  const ownerOf = (tensor: Tensor) => owners.get(tensor) ?? tensor;
  const banks: { blocks: Block[]; size: number }[] = [];
  const places = new Map<Tensor, Place>();
  const allocate = (tensor: Tensor) => {
    const length = ALIGNMENT * Math.ceil(Math.max(1, sizeOf(tensor.shape)) / ALIGNMENT);
    if (length > capacity) {
      throw new RangeError(
        `A tensor of shape [${tensor.shape}] takes ${megabytes(length)} MB: ` +
          `the device binds at most ${megabytes(capacity)} MB at once, so take a smaller batch`,
      );
    }
    for (let bank = 0;; bank++) {
      const { blocks } = banks[bank] ??= { blocks: [], size: 0 };
      const offset = firstGap(blocks, length);
      if (offset + length > capacity) continue;
      blocks.push({ start: offset, end: offset + length });
      blocks.sort((x, y) => x.start - y.start);
      banks[bank]!.size = Math.max(banks[bank]!.size, offset + length);
      places.set(tensor, { bank, offset });
      for (const part of parts.get(tensor) ?? []) {
        places.set(part.tensor, { bank, offset: offset + part.offset });
      }
      return;
    }
  };
  const kept = new Set(lasting.map(ownerOf));
  kept.forEach(allocate);
  const lastUse = new Map<Tensor, number>();
  launches.forEach((kernels, i) => {
    for (const { reads, writes } of kernels) {
      for (const tensor of [...reads, ...writes]) lastUse.set(ownerOf(tensor), i);
    }
  });
  launches.forEach((kernels, i) => {
    for (const { writes } of kernels) {
      for (const tensor of writes) if (!places.has(tensor)) allocate(ownerOf(tensor));
    }
    const used = kernels.flatMap(({ reads, writes }) => [...reads, ...writes].map(ownerOf));
    for (const tensor of new Set(used)) {
      if (kept.has(tensor) || lastUse.get(tensor) !== i) continue;
      const { bank, offset } = places.get(tensor)!;
      const { blocks } = banks[bank]!;
      blocks.splice(blocks.findIndex(({ start }) => start === offset), 1);
    }
  });
  return { places, banks: banks.map(({ size }) => size) };
}

/** The first place that is free for so many elements. */
function firstGap(blocks: readonly Block[], length: number): number {
  let start = 0;
  for (const block of blocks) {
    if (block.start - start >= length) return start;
    start = Math.max(start, block.end);
  }
  return start;
}

function megabytes(elements: number): string {
  return (4 * elements / 2 ** 20).toFixed(0);
}

/** Kernels of one text and one number of workgroups. */
export interface Launch {
  /** The number and the text. */
  readonly text: string;
  readonly kernels: readonly Kernel[];
}

/** How far a kernel may be moved from its place in the order: what is computed early, or kept for
 * long, takes memory meanwhile. */
const REACH = 128;

/**
 * Puts kernels of the same text into one launch, where none needs what another computes. Layers of a
 * network are the same kernels over and over, and a launch costs the same whether it does one
 * layer's work or several.
 *
 * A launch waits while a kernel of its text is to come that does not depend on it, as long as
 * something else can be launched.
 */
export function planLaunches(
  kernels: readonly Kernel[],
  textOf: (kernel: Kernel) => string,
): Launch[] {
  // Where no workgroup's place is taken apart, the text does not tell how many there are.
  const texts = kernels.map((kernel) => `${kernel.workgroups} ${textOf(kernel)}`);
  const ancestors = ancestorsOf(kernels);
  const done = kernels.map(() => false);
  const launches: Launch[] = [];
  for (let first = 0; first < kernels.length;) {
    const window: number[] = [];
    for (let i = first; i < kernels.length && i < first + REACH; i++) if (!done[i]) window.push(i);
    const ready = window.filter((i) => [...ancestors[i]!].every((other) => done[other]));
    const ofText = Map.groupBy(ready, (i) => texts[i]!);
    const waits = ([text, members]: [string, number[]]) =>
      window.some((i) =>
        texts[i] === text && !members.includes(i) &&
        !members.some((member) => ancestors[i]!.has(member))
      );
    const choice = [...ofText].find((entry) => !waits(entry)) ?? [...ofText][0]!;
    const [text, members] = choice;
    launches.push({ text, kernels: members.map((i) => kernels[i]!) });
    for (const i of members) done[i] = true;
    while (done[first]) first++;
  }
  return launches;
}

/** Of each kernel, those that have to run before it. */
function ancestorsOf(kernels: readonly Kernel[]): ReadonlySet<number>[] {
  const writtenBy = new Map<Tensor, number>();
  const found: Set<number>[] = [];
  for (const [i, kernel] of kernels.entries()) {
    const own = new Set<number>();
    for (const tensor of [...kernel.reads, ...kernel.after]) {
      const writer = writtenBy.get(tensor);
      if (writer === undefined || own.has(writer)) continue;
      own.add(writer);
      for (const other of found[writer]!) own.add(other);
    }
    found.push(own);
    for (const tensor of kernel.writes) writtenBy.set(tensor, i);
  }
  return found;
}
