/** What programs of kernels compute and hold. */
import { sizeOf } from "../engine/graph/value.ts";
import type { KernelProgram } from "../engine/kernels/compile.ts";
import { planLaunches, planMemory } from "../engine/kernels/memory.ts";
import { operandsOf, type Tensor } from "../engine/kernels/tensor.ts";
import { printWgsl } from "../engine/kernels/wgsl.ts";

export interface Cost {
  readonly kernels: number;
  readonly launches: number;
  /** Multiplications and additions of all products and convolutions in one run. */
  readonly operations: number;
  /** The least that one run moves through memory: every stored tensor is written and read once. */
  readonly traffic: number;
  /** Bytes that the program holds. */
  readonly memory: number;
}

/** Elements of a bank, for the memory plan. */
const CAPACITY = 2 ** 29;

/** The cost of one run of a program. It takes as long as compiling it. */
export function costOf({ kernels, commits, sources, outputs, parts }: KernelProgram): Cost {
  const launches = planLaunches(kernels, (kernel) => printWgsl(kernel, () => 0));
  const { banks } = planMemory({
    launches: [...launches.map(({ kernels }) => kernels), ...commits.map((kernel) => [kernel])],
    lasting: [...sources, ...Object.values(outputs)],
    parts,
  }, CAPACITY);
  const written = new Set([...kernels, ...commits].flatMap(({ writes }) => writes));
  const bytes = (tensors: Iterable<Tensor>) =>
    [...tensors].reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  const state = new Set<Tensor>(commits.flatMap(({ writes }) => writes));
  return {
    kernels: kernels.length + commits.length,
    launches: launches.length + commits.length,
    operations: operationsOf(written),
    traffic: 2 * bytes(written) + bytes(sources.filter((source) => !state.has(source))),
    memory: banks.reduce((sum, size) => sum + 4 * size, 0),
  };
}

/** Two operations for each place of the iteration space of a contraction. */
function operationsOf(computed: Iterable<Tensor>): number {
  const seen = new Set<Tensor>();
  const stack = [...computed];
  let operations = 0;
  while (stack.length > 0) {
    const tensor = stack.pop()!;
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    if (tensor.kind === "contract") operations += 2 * sizeOf(tensor.left.shape);
    stack.push(...operandsOf(tensor));
  }
  return operations;
}
