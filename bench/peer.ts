/** A process of another framework that does its work once whenever it is told to. */

export interface Peer {
  /** Its own count of parameters, and its version. */
  readonly description: string;
  readonly pid: number;
  /** Does its work once and returns its milliseconds. */
  turn(): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Starts a script of `peers/`.
 *
 * @throws {Error} If Python or PyTorch is missing: the message says how to install it.
 */
export async function startPyTorch(
  name: "train_step.py" | "sample_digits.py",
  args: readonly string[],
): Promise<Peer> {
  const script = new URL(`./peers/${name}`, import.meta.url).pathname;
  const process = new Deno.Command("python3", {
    args: [script, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const writer = process.stdin.getWriter();
  const description = await readLine(lines);
  if (description === undefined) {
    const errors = await new Response(process.stderr).text();
    throw new Error(`PyTorch did not start: python3 -m pip install torch\n${errors}`);
  }
  return {
    description,
    pid: process.pid,
    async turn() {
      await writer.write(new TextEncoder().encode("\n"));
      return Number(await readLine(lines));
    },
    async stop() {
      await writer.close();
      await process.status;
      await process.stderr.cancel();
    },
  };
}

/** One line: the peer answers a whole line at a time, and never before it is asked. */
async function readLine(lines: ReadableStreamDefaultReader<string>): Promise<string | undefined> {
  let text = "";
  while (!text.endsWith("\n")) {
    const { value, done } = await lines.read();
    if (done) return undefined;
    text += value;
  }
  return text.trim();
}
