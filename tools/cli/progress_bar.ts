/** A line that shows how far something is: redrawn in a terminal, printed now and then elsewhere. */
interface ProgressBar {
  update(done: number, total: number, message: string): void;
  /** Leaves the last state standing. */
  end(): void;
}

const WIDTH = 28;
/** Where lines cannot be redrawn, one is printed at most this often. */
const PLAIN_EVERY_MS = 10_000;

/** A bar on stderr, so that stdout stays for results. */
function progressBar(): ProgressBar {
  const terminal = Deno.stderr.isTerminal();
  let shown = "";
  let printedAt = 0;
  const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  return {
    update(done, total, message) {
      const line = barLine(done, total, message);
      if (line === shown) return;
      shown = line;
      if (terminal) {
        const { columns } = consoleSize();
        write(`\r\x1b[2K${line.slice(0, columns - 1)}`);
      } else if (Date.now() - printedAt > PLAIN_EVERY_MS) {
        printedAt = Date.now();
        write(`${line}\n`);
      }
    },
    end() {
      if (shown !== "") write(terminal ? "\n" : `${shown}\n`);
      shown = "";
    },
  };
}

/** Shows a bar while something is done that tells how far it is. */
export async function withProgressBar<Result>(
  work: (
    onProgress: (progress: { done: number; total: number; message: string }) => void,
  ) => Promise<Result>,
): Promise<Result> {
  const bar = progressBar();
  try {
    return await work(({ done, total, message }) => bar.update(done, total, message));
  } finally {
    bar.end();
  }
}

/** "[#######---------------------]  25 % message". */
export function barLine(done: number, total: number, message: string): string {
  const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
  const filled = Math.round(share * WIDTH);
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `[${"#".repeat(filled)}${"-".repeat(WIDTH - filled)}] ${percent} %  ${message}`;
}

function consoleSize(): { columns: number } {
  try {
    return Deno.consoleSize();
  } catch {
    return { columns: 100 };
  }
}
