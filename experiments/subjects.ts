/** From a configuration to what is learned. */
import type { RunConfig } from "./config/mod.ts";
import { imageSubject } from "./image/training.ts";
import { textSubject } from "./text/training.ts";
import type { Subject, SubjectOptions } from "./run/subject.ts";

/**
 * Loads the data of a configuration and builds its network.
 *
 * @throws {UserError} If the data is not to be had, or too small.
 */
export async function openSubject(config: RunConfig, options: SubjectOptions): Promise<Subject> {
  switch (config.modality) {
    case "image":
      return await imageSubject(config, options);
    case "text":
      return await textSubject(config, options);
  }
}
