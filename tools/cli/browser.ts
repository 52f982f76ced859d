/** Opening an address in the person's browser, where there is one to be seen. */

/** The program that opens an address, with its arguments; null where nobody would see it. */
export function browserCommand(
  os: typeof Deno.build.os,
  env: { get(name: string): string | undefined },
): readonly string[] | null {
  const isSet = (name: string) => (env.get(name) ?? "") !== "";
  if (isSet("CI") || isSet("SSH_CONNECTION")) return null;
  switch (os) {
    case "darwin":
      return ["open"];
    case "windows":
      return ["cmd", "/c", "start", ""];
    default:
      return isSet("DISPLAY") || isSet("WAYLAND_DISPLAY") ? ["xdg-open"] : null;
  }
}

/** Opens an address where someone sits in front of a terminal and a screen; never fails. */
export function openBrowser(url: string): void {
  const command = Deno.stdout.isTerminal() ? browserCommand(Deno.build.os, Deno.env) : null;
  if (command === null) return;
  const [program, ...args] = command;
  try {
    new Deno.Command(program!, {
      args: [...args, url],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn().unref();
  } catch {
    // The address was printed; whoever wants it can open it.
  }
}
