/** The hash of a data set that another process makes up, where nothing can have been kept. */
export async function hashElsewhere(module: string, call: string): Promise<string> {
  const url = new URL(`../../data/${module}`, import.meta.url).href;
  const script = `import(${JSON.stringify(url)}).then((m) => console.log(m.${call}().hash))`;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", script] }).output();
  return new TextDecoder().decode(stdout).trim();
}
