/** Options that all commands share, and the laboratory they open. */
import { resolve } from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { deviceNames, UserError } from "../../engine/host/mod.ts";
import { type Lab, nearest, openLab } from "../../experiments/mod.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

const COMMON = {
  workspace: { type: "string" },
  data: { type: "string" },
  device: { type: "string" },
  json: { type: "boolean", default: false },
} as const satisfies Options;

/**
 * Parses a command's arguments.
 *
 * @throws {UserError} For an option that does not exist, with the nearest that does.
 */
export function parseOptions<T extends Options>(args: readonly string[], own: T) {
  const options = { ...COMMON, ...own };
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const unknown = /Unknown option '(-[^']*)'/.exec(error.message)?.[1];
    if (unknown === undefined) throw new UserError(error.message);
    const known = Object.keys(options).map((name) => `--${name}`);
    throw new UserError(
      `There is no option ${unknown}: did you mean ${nearest(unknown, known, 1)[0]}? (options: ${
        known.join(", ")
      })`,
    );
  }
}

/** Opens the laboratory that the common options name. */
export function labOf(
  values: {
    readonly workspace?: string | undefined;
    readonly data?: string | undefined;
    readonly device?: string | undefined;
  },
): Lab {
  const workspace = values.workspace ?? Deno.env.get("TEXTDIFFUSION_WORKSPACE") ?? "workspace";
  const device = values.device === undefined
    ? undefined
    : oneOf("device", values.device, deviceNames);
  const directory = values.data ?? Deno.env.get("TEXTDIFFUSION_DATA");
  return openLab({
    workspace: resolve(workspace),
    ...(directory === undefined ? {} : { dataDirectory: resolve(directory) }),
    ...(device === undefined ? {} : { device }),
  });
}

/** Goes on with runs that were queued before; that a worker cannot start must not end a server. */
export function takeUpQueue(lab: Lab): void {
  try {
    lab.ensureWorker();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
}

/** @throws {UserError} If the text is none of the values. */
export function oneOf<T extends string>(option: string, text: string, values: readonly T[]): T {
  const found = values.find((value) => value === text);
  if (found !== undefined) return found;
  throw new UserError(
    `--${option} is ${JSON.stringify(text)}, but must be one of ${
      values.join(", ")
    }: did you mean ${nearest(text, values, 1)[0]}?`,
  );
}

/** @throws {UserError} If the text is no number in the range. */
export function numberIn(
  option: string,
  text: string,
  { minimum, maximum, whole = false }: { minimum: number; maximum: number; whole?: boolean },
): number {
  const value = text.trim() === "" ? NaN : Number(text);
  if (value >= minimum && value <= maximum && (!whole || Number.isInteger(value))) return value;
  throw new UserError(
    `--${option} is ${JSON.stringify(text)}, but must be a ${
      whole ? "whole " : ""
    }number from ${minimum} to ${maximum}`,
  );
}

/** `field=value` pairs, numbers where they are numbers. */
export function assignments(option: string, texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map((text) => {
    const cut = text.indexOf("=");
    if (cut > 0) return [text.slice(0, cut), text.slice(cut + 1)];
    throw new UserError(
      `--${option} is ${JSON.stringify(text)}, but must be of the form field=value`,
    );
  }));
}

/** A number where the text is one, the text itself otherwise. */
export function valueOf(text: string): string | number {
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}
