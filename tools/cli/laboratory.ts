/** The laboratory that a command opens. */
import { resolve } from "node:path";
import type { z } from "zod";
import { type Lab, openLab } from "../../experiments/mod.ts";
import type { commonOptions } from "./command.ts";

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
export function takeUpQueue(lab: Lab): void {
  try {
    lab.ensureWorker();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
}
