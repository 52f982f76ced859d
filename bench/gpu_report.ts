/** The results of the GPU benchmark as a page for bench/results. */
import type { Reported } from "./gpu_processes.ts";
import type { Ceilings } from "./gpu_rows.ts";

const EAGER = "PyTorch eager";
const GRAPH = "PyTorch compiled as one graph";
const TF32 = "cuda-tf32";
const COLUMNS = ["cuda", TF32, "webgpu", "cpu", EAGER, "PyTorch compiled", GRAPH];
/** Devices whose shares of the ceilings are shown: those on the card. */
const ON_CARD = ["cuda", TF32, "webgpu"];

export function reportOf(
  reported: readonly Reported[],
  { rehearse, minutes, command }: {
    readonly rehearse: boolean;
    readonly minutes: number;
    readonly command: readonly string[];
  },
): { readonly card: string; readonly text: string } {
  const descriptions = reported.flatMap(({ on, description }) =>
    description ? [`- ${on}: ${description}`] : []
  );
  const name = reported.find(({ on, description }) => on === "cuda" && description)?.description ??
    reported.find(({ on, description }) => on === "webgpu" && description)?.description ?? "no GPU";
  const ceilings = reported.filter((one) => one.ceilings !== undefined);
  const isTf32 = ({ row, on }: Reported) => on === TF32 || row === "ceilings-tf32";
  const best = {
    float32: bestOf(ceilings.filter((one) => !isTf32(one))),
    tf32: bestOf(ceilings),
  };
  const troubles = reported.filter(({ trouble }) => trouble !== undefined)
    .map(({ row, on, trouble }) => `- ${row ? `${row}, ${on}` : on}: ${trouble}`);
  const text = [
    `# ${rehearse ? "A rehearsal, not a measurement: " : ""}GPU benchmark, ${
      new Date().toISOString().slice(0, 10)
    }`,
    "",
    `\`deno task bench:gpu ${command.join(" ")}\`, ${
      minutes.toFixed(1)
    } minutes; Deno ${Deno.version.deno}, ${Deno.build.os} ${Deno.build.arch}, ${navigator.hardwareConcurrency} cores.`,
    "",
    ...descriptions,
    "",
    "Milliseconds of a training step (AdamW included), or of drawing all digits once in guided DDIM",
    `steps. Everything is computed in float32, but products and convolutions of ${TF32} in tf32. The`,
    "ratios are ours on cuda over PyTorch's.",
    "",
    ...timesTable(reported),
    "",
    ...(best.tf32
      ? ["## Shares of what the card does at best", "", ...ceilingLines(ceilings), ""]
      : []),
    ...detailsTable(reported, (on) => on === TF32 ? best.tf32 : best.float32),
    ...(troubles.length > 0 ? ["", "## Not measured", "", ...troubles] : []),
    "",
  ].join("\n");
  return { card: slug(name), text };
}

function timesTable(reported: readonly Reported[]): string[] {
  const rows = [...new Set(reported.flatMap(({ row, ceilings }) => row && !ceilings ? [row] : []))]
    .filter((row) => !row.startsWith("ceilings"));
  const time = (row: string, on: string) =>
    reported.find((one) => one.row === row && one.on === on)?.milliseconds;
  const ratio = (row: string, peer: string) => {
    const [ours, theirs] = [time(row, "cuda"), time(row, peer)];
    return ours === undefined || theirs === undefined ? "" : (ours / theirs).toFixed(2);
  };
  return table(
    ["work", ...COLUMNS, "over eager", "over one graph"],
    rows.map((row) => [
      row,
      ...COLUMNS.map((on) => time(row, on)?.toFixed(2) ?? ""),
      ratio(row, EAGER),
      ratio(row, GRAPH),
    ]),
  );
}

function ceilingLines(ceilings: readonly Reported[]): string[] {
  return ceilings.map(({ row, on, ceilings }) => {
    const { copy, product } = ceilings!;
    return `- ${on}${row === "ceilings-tf32" ? " in tf32" : ""}: ${
      (copy / 1e9).toPrecision(3)
    } GB/s copied, ${(product / 1e12).toPrecision(3)} TFLOP/s in products`;
  });
}

/** Shares are of the best that anything reached on this card in the same precision. */
function detailsTable(
  reported: readonly Reported[],
  bestFor: (on: string) => Ceilings | undefined,
): string[] {
  const lines = reported.filter(({ row, milliseconds }) => row && milliseconds !== undefined)
    .map(({ row, on, milliseconds, ready, cost, memory }) => {
      const best = bestFor(on);
      // A drawing is many runs of its program.
      const isStep = !row!.startsWith("digits");
      const share = (amount: number | undefined, ceiling: number | undefined) =>
        amount === undefined || !ceiling || !isStep || !ON_CARD.includes(on)
          ? ""
          : `${(100 * amount / (milliseconds! / 1000) / ceiling).toFixed(0)} %`;
      const held = cost?.memory ?? memory;
      return [
        row!,
        on,
        share(cost?.operations, best?.product),
        share(cost?.traffic, best?.copy),
        cost ? `${cost.launches}` : "",
        held === undefined ? "" : (held / 2 ** 20).toFixed(0),
        ready === undefined ? "" : ready.toFixed(1),
      ];
    });
  return table(
    ["work", "on", "products", "memory traffic, at least", "launches", "MiB", "ready in s"],
    lines,
  );
}

function bestOf(reported: readonly Reported[]): Ceilings | undefined {
  const all = reported.map(({ ceilings }) => ceilings!);
  if (all.length === 0) return undefined;
  return {
    copy: Math.max(...all.map(({ copy }) => copy)),
    product: Math.max(...all.map(({ product }) => product)),
  };
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

/** A card's name as part of a file's name. */
function slug(description: string): string {
  const name = description.replace(/ through CUDA.*|^GPU through WebGPU: /g, "");
  return name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
}
