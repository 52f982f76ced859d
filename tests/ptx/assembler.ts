/** NVIDIA's assembler, of the Python package nvidia-cuda-nvcc. */
import { join } from "node:path";

/** What the assembler says of one kernel. */
export interface Assembled {
  readonly entry: string;
  readonly registers: number;
  /** Bytes of registers that a lane keeps in memory, for want of registers. */
  readonly spills: number;
}

/**
 * The path of ptxas: of the environment variable PTXAS, or of the installed Python package.
 *
 * @throws {Error} If there is none, with how to install it.
 */
export async function findAssembler(): Promise<string> {
  const given = Deno.env.get("PTXAS");
  if (given) return given;
  const script = "import glob, site; " +
    "print(*[f for p in site.getsitepackages() for f in glob.glob(p + '/nvidia/**/bin/ptxas', recursive=True)], sep='\\n')";
  const { stdout } = await new Deno.Command("python3", { args: ["-c", script] }).output();
  const [path] = new TextDecoder().decode(stdout).trim().split("\n");
  if (!path) {
    throw new Error("ptxas was not found: python3 -m pip install nvidia-cuda-nvcc, or set PTXAS");
  }
  return path;
}

/** Whether the assembler knows a card, as it names them ("sm_80"); the newest have forgotten Volta. */
export async function knows(ptxas: string, card: string): Promise<boolean> {
  const { stderr, stdout } = await new Deno.Command(ptxas, { args: ["-arch", card] }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return !text.includes("is not defined for option");
}

/**
 * Assembles a module for a card.
 *
 * @throws {Error} What the assembler says, if it refuses one.
 */
export async function assemble(
  ptxas: string,
  card: string,
  module: string,
): Promise<Assembled[]> {
  const folder = await Deno.makeTempDir({ prefix: "textdiffusion-ptx-" });
  try {
    const source = join(folder, "kernels.ptx");
    await Deno.writeTextFile(source, module);
    const { success, stderr, stdout } = await new Deno.Command(ptxas, {
      args: ["-v", "-arch", card, source, "-o", join(folder, "kernels.cubin")],
    }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    if (!success) throw new Error(`ptxas -arch ${card} refuses a kernel:\n${text.slice(0, 2000)}`);
    return report(text);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function report(text: string): Assembled[] {
  const entries = text.split(/Compiling entry function '/).slice(1);
  return entries.map((part) => {
    const number = (pattern: RegExp) => Number(pattern.exec(part)?.[1] ?? NaN);
    return {
      entry: part.slice(0, part.indexOf("'")),
      registers: number(/Used (\d+) registers/),
      spills: number(/(\d+) bytes spill stores/) + number(/(\d+) bytes spill loads/),
    };
  });
}
