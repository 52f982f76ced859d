/** Runs of one modality. */
import { UserError } from "../../engine/host/mod.ts";
import type { ImageConfig } from "./image.ts";
import type { RunConfig } from "./parse.ts";
import type { TextConfig } from "./text.ts";

interface Configured {
  readonly id: string;
  readonly config: RunConfig;
}

/** The configuration of a run on images. @throws {UserError} If it is on text. */
export function imageConfigOf({ id, config }: Configured): ImageConfig {
  if (config.modality === "image") return config;
  throw new UserError(`${id} is a run on text, and this is for runs on images`);
}

/** The configuration of a run on text. @throws {UserError} If it is on images. */
export function textConfigOf({ id, config }: Configured): TextConfig {
  if (config.modality === "text") return config;
  throw new UserError(`${id} is a run on images, and this is for runs on text`);
}
