/** From a graph to the list of kernels that computes it, and what a device does with them. */
import { type Graph, sizeOf } from "../graph/value.ts";
import { emitContraction } from "./emit/contraction.ts";
import { emitReduction } from "./emit/reduction.ts";
import { bool, type Expr, load, type ScalarType, withNewExpressions } from "./expression.ts";
import { fuse } from "./fuse.ts";
import type { Group, Member } from "./group.ts";
import { at } from "./integers.ts";
import {
  ELEMENT,
  group as workgroup,
  type Kernel,
  type KernelBody,
  lane,
  type Statement,
  tensorsRead,
  whenWithin,
} from "./kernel.ts";
import { lowerGraph } from "./lower.ts";
import { planStorage, type StoragePlan } from "./storage.ts";
import { source, type SourceTensor, type Tensor } from "./tensor.ts";
import type { Engine, Precision } from "../types.ts";

/** Kernels in the order in which they are run, and the memory that they need. */
export interface KernelProgram {
  readonly kernels: readonly Kernel[];
  /** Kernels that write the new values of state over the old, once all others have run. */
  readonly commits: readonly Kernel[];
  /** Inputs by name and constants; inputs that nothing reads are missing. */
  readonly sources: readonly SourceTensor[];
  /** The tensor that holds each output. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Tensors whose memory holds others, which are computed in their place. */
  readonly parts: StoragePlan["parts"];
  /** That of large sums of products. */
  readonly precision: Precision;
}

/**
 * Compiles a graph for a device with shared memory and barriers.
 *
 * @param state Names of inputs that are state: the outputs of the same names, where there are any, are
 *   their values in the next run.
 * @param precision In which large sums of products are computed; everything else is in float32.
 */
export function compileKernels(
  graph: Graph,
  state: readonly string[] = [],
  precision: Precision = "float32",
): KernelProgram {
  return withNewExpressions(() => {
    const plan = planStorage(lowerGraph(graph));
    const groups = fuse(plan);
    const needed = neededMembers(groups, plan);
    const kernels = groups.flatMap((group) => {
      const members = needed.get(group)!;
      return members.length > 0 ? [emit(group, members, plan, precision)] : [];
    }).filter(hasWork);
    const read = new Set(kernels.flatMap(({ reads }) => reads));
    const used = [...plan.stored.keys()].filter((tensor): tensor is SourceTensor =>
      tensor.kind === "source" && read.has(tensor)
    );
    // State that no kernel reads is written all the same.
    const unread = graph.inputs.filter(({ node: { name } }) =>
      state.includes(name!) && !used.some((tensor) => tensor.name === name)
    ).map(({ node, shape, dtype }) => source(node.name!, shape, dtype as ScalarType));
    const sources = [...used, ...unread];
    // State that has no new value stays as it is.
    const changing = state.filter((name) => plan.outputs[name] !== undefined);
    const commits = emitCommits(changing.map((name) => ({
      from: plan.outputs[name]!,
      to: sources.find((tensor) => tensor.name === name)!,
    }))).filter(hasWork);
    return { kernels, commits, sources, outputs: plan.outputs, parts: plan.parts, precision };
  });
}

/** Tensors without elements need no kernel, and a card refuses one without workgroups. */
function hasWork({ workgroups }: Kernel): boolean {
  return workgroups > 0;
}

/** Copies of tensors, those of one size in one kernel. */
function emitCommits(
  copies: readonly { readonly from: Tensor; readonly to: Tensor }[],
): Kernel[] {
  return [...Map.groupBy(copies, ({ to }) => sizeOf(to.shape))].map(([size, copies]) => ({
    name: `commit of ${copies.length} over ${size}`,
    reads: copies.map(({ from }) => from),
    writes: copies.map(({ to }) => to),
    after: [],
    ...mapKernel(size, (element) =>
      copies.map(({ from, to }) => ({
        kind: "store",
        tensor: to,
        place: element,
        value: load(from, element, bool(true)),
      }))),
  }));
}

/** The members of each group that another group, or the caller, reads. */
function neededMembers(
  groups: readonly Group[],
  { outputs, parts }: StoragePlan,
): Map<Group, Member[]> {
  const results = Object.values(outputs);
  const wanted = new Set([
    ...results,
    ...results.flatMap((whole) => parts.get(whole)?.map(({ tensor }) => tensor) ?? []),
  ]);
  return new Map(groups.map((group) => {
    const others = groups.filter((other) => other !== group);
    const members = [...group.members.values()].filter(({ tensor }) =>
      wanted.has(tensor) || others.some(({ reads }) => reads.has(tensor))
    );
    return [group, members];
  }));
}

function emit(
  group: Group,
  kept: readonly Member[],
  { stored, parts }: StoragePlan,
  precision: Precision,
): Kernel {
  const made = emitBody(group, kept, precision);
  const byId = new Map([...stored.keys()].map((tensor) => [tensor.id, tensor]));
  // In the order in which the body names them: kernels that differ in memory alone have one text.
  const reads = [...tensorsRead(made.body)].flatMap((id) => byId.get(id) ?? []);
  return {
    name: nameOf(group),
    reads,
    after: reads.flatMap((whole) => parts.get(whole)?.map(({ tensor }) => tensor) ?? []),
    writes: kept.map(({ tensor }) => tensor),
    ...made,
  };
}

function emitBody(group: Group, kept: readonly Member[], precision: Precision) {
  const { space } = group;
  switch (space.kind) {
    case "map":
      return mapKernel(space.size, () => kept.map((member) => group.store(member)));
    case "reduction":
      return emitReduction(group, space, kept);
    case "contraction":
      return emitContraction(group, space.tensor, kept, precision);
  }
}

/** Lanes of a workgroup that computes element by element, of few elements fewer. */
const [LANES, FEW_LANES] = [256, 64];

/** One lane for each of `size` elements, which does what `statements` says for its own. */
function mapKernel(size: number, statements: (element: Expr) => Statement[]): KernelBody {
  const lanes = size > 16 * LANES ? LANES : FEW_LANES;
  const workgroups = Math.ceil(size / lanes);
  const element = at(workgroup(workgroups), lanes, lane(lanes));
  const body = [whenWithin(ELEMENT(size), element, size, statements(ELEMENT(size)))];
  return { workgroups, lanes, shared: [], body };
}

function nameOf({ space, members }: Group): string {
  const parts = members.size > 1 ? ` of ${members.size}` : "";
  switch (space.kind) {
    case "map":
      return `map${parts} over ${space.size}`;
    case "reduction":
      return `reduction${parts} of ${space.count} to ${space.kept}`;
    case "contraction":
      return `contraction${parts} of ${sizeOf(space.tensor.left.shape)} to ${
        sizeOf(space.tensor.shape)
      }`;
  }
}

/** A tensor, and the array that takes its values. */
export interface Reading {
  readonly tensor: Tensor;
  readonly into: Float32Array | Int32Array;
}

/** Kernels with their memory on a device. What is asked of it happens in the order of asking. */
export interface DeviceProgram {
  /** Sets the values of a source, for all runs that are queued from now on. */
  write(tensor: SourceTensor, words: Float32Array | Int32Array): void;
  /** Queues one run and does not wait for it. */
  enqueue(): void;
  /** Waits for all that is queued, and copies tensors into arrays. */
  read(readings: readonly Reading[]): Promise<void>;
  release(): void;
}

export interface KernelDevice {
  readonly device: Engine["device"];
  /** For people. */
  readonly description: string;
  readonly precision: Precision;
  /** Makes a program ready: memory, compiled kernels, constants. */
  open(program: KernelProgram): Promise<DeviceProgram>;
  close(): void;
}

/** The values of a constant as they lie in memory. */
export function wordsOf(data: ArrayLike<number | bigint>): Float32Array | Int32Array {
  return data instanceof Float32Array ? data : Int32Array.from(data as ArrayLike<number>, Number);
}
