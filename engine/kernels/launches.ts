/** Kernels that run side by side: the same text on other memory. */
import type { Kernel } from "./kernel.ts";
import type { Tensor } from "./tensor.ts";

/** A kernel's text, and the kernels that it is the text of. */
export interface Launch {
  readonly text: string;
  readonly kernels: readonly Kernel[];
}

/** How many launches a kernel may be moved forward: what is computed early stays in memory longer. */
const REACH = 24;

/**
 * Puts each kernel into an earlier launch of the same text, where it needs nothing that is computed
 * since. Layers of a network are the same kernels over and over, and a launch costs the same whether
 * it does one layer's work or several.
 */
export function planLaunches(
  kernels: readonly Kernel[],
  textOf: (kernel: Kernel) => string,
): Launch[] {
  const launches: { text: string; kernels: Kernel[] }[] = [];
  const writtenBy = new Map<Tensor, number>();
  for (const kernel of kernels) {
    const text = textOf(kernel);
    const needed = [...kernel.reads, ...kernel.after].map((tensor) => writtenBy.get(tensor) ?? -1);
    const earliest = Math.max(-1, ...needed) + 1;
    const from = Math.max(earliest, launches.length - REACH);
    const found = launches.findIndex((launch, i) => i >= from && launch.text === text);
    const at = found >= 0 ? found : launches.length;
    (launches[at] ??= { text, kernels: [] }).kernels.push(kernel);
    for (const tensor of kernel.writes) writtenBy.set(tensor, at);
  }
  return launches;
}
