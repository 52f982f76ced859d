/** The definition of commands, their common options, and the laboratory that they open. */
import { z } from "zod";
import { deviceNames, parseWith } from "../../engine/host/mod.ts";
import type { OpenViewer } from "../http.ts";
import { resolve } from "node:path";
import { type Lab, openLab } from "../../experiments/mod.ts";

/** Dependencies that the entry point passes to commands. */
export interface Wiring {
  readonly openViewer: OpenViewer;
}

/** A command of the command line. */
export interface Command {
  /** Its options: each field is one, in kebab case, checked and explained by the field. */
  readonly schema: z.ZodObject;
  /** The field that is given by its place, without an option; a list takes all such arguments. */
  readonly argument?: string;
  /** Options that are not called as their fields. */
  readonly names?: Readonly<Record<string, string>>;
  /**
   * @param input What the schema is to read.
   * @returns The process's exit code.
   * @throws {RefusedValue} If the schema refuses it.
   */
  run(input: unknown, wiring: Wiring): Promise<number>;
}

/** Makes a command of a function over the options as the schema reads them. */
export function defineCommand<Schema extends z.ZodObject>(
  { run, ...about }: Omit<Command, "schema" | "argument" | "run"> & {
    readonly schema: Schema;
    readonly argument?: keyof Schema["shape"] & string;
    run(options: z.output<Schema>, wiring: Wiring): Promise<number>;
  },
): Command {
  return { ...about, run: (input, wiring) => run(parseWith(about.schema, input), wiring) };
}

/** The output of a command. */
export interface CommandResult {
  /** Printed as JSON with the option `--json`. */
  readonly result: unknown;
  /** Printed without that option. */
  readonly text: string;
  /** Lines for standard error. */
  readonly errors?: readonly string[];
  /** By default 0. */
  readonly exitCode?: number;
}

/**
 * Makes a command that opens the laboratory, does one thing with it and prints the result.
 *
 * @param about.fields Options beside those of every command.
 */
export function resultCommand<Fields extends z.ZodRawShape>(
  { fields, run, ...about }: Omit<Command, "schema" | "argument" | "run"> & {
    readonly fields: Fields;
    readonly argument?: keyof Fields & string;
    run(
      lab: Lab,
      request: z.output<z.ZodObject<Fields>>,
    ): CommandResult | Promise<CommandResult>;
  },
): Command {
  const schema: z.ZodObject = z.strictObject({ ...fields, ...commonOptions });
  return {
    ...about,
    schema,
    async run(input) {
      parseWith(schema, input);
      const { json, ...common } = parseWith(z.object(commonOptions), input);
      const lab = labOf(common);
      const { result, text, errors = [], exitCode = 0 } = await run(
        lab,
        parseWith(z.object(fields), input),
      );
      console.log(json ? JSON.stringify(result, null, 2) : text);
      for (const line of errors) console.error(line);
      lab.close();
      return exitCode;
    },
  };
}

/** Options of every command. */
export const commonOptions = {
  workspace: z.string().min(1).optional().describe(
    "Where runs are kept (default TEXTDIFFUSION_WORKSPACE, else ./workspace)",
  ),
  data: z.string().min(1).optional().describe(
    "Data sets that are at hand, e.g. DIR/mnist/*.gz (default TEXTDIFFUSION_DATA)",
  ),
  device: z.enum(deviceNames).optional().describe("Where models run (default auto)"),
  json: z.boolean().default(false).describe("Machine-readable output"),
};

/** Options of commands that listen on a port. */
export const listenFields = {
  host: z.string().min(1).default("127.0.0.1").describe("Address to listen on (default 127.0.0.1)"),
  port: z.number().int().min(0).max(65535),
  viewer: z.boolean().default(true).describe("Leaves the viewer out"),
  allow_host: z.array(z.string().min(1)).optional().describe(
    "Further names of the server, such as those behind a proxy",
  ),
  token: z.string().min(1).optional().describe(
    "What every request must bring (default: none on loopback, and elsewhere the one in the " +
      "workspace's file token, which is made if missing)",
  ),
  data_root: z.array(z.string().min(1)).optional().describe(
    "Folders from which data may be read, beside the workspace (default: the working directory)",
  ),
};

/** The folders that are named, or the working directory. */
export function dataRootsOf(folders: readonly string[] | undefined): string[] {
  return (folders ?? ["."]).map((folder) => resolve(folder));
}

type CommonValues = z.output<z.ZodObject<typeof commonOptions>>;

/** The folder with data sets that are at hand, if one is named. */
export function dataDirectory({ data }: Pick<CommonValues, "data">): string | undefined {
  const directory = data ?? Deno.env.get("TEXTDIFFUSION_DATA");
  return directory === undefined ? undefined : resolve(directory);
}

/** Opens the laboratory that the common options name. */
export function labOf(
  { workspace, device, data }: Pick<CommonValues, "workspace" | "device" | "data">,
): Lab {
  return openLab({
    workspace: resolve(workspace ?? Deno.env.get("TEXTDIFFUSION_WORKSPACE") ?? "workspace"),
    dataDirectory: dataDirectory({ data }),
    device,
  });
}

/** Goes on with runs that were queued before; that a worker cannot start must not end a server. */
export function resumeQueue(lab: Lab): void {
  try {
    lab.ensureWorker();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
}
