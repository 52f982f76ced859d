/** What is asked to stop. */
import { z } from "zod";
import { runReference } from "./fields.ts";

export const StopRequest = z.strictObject({
  runs: z.array(runReference).min(1).max(64).optional().describe(
    'Ids (or unique beginnings, or "latest") of 1 to 64 runs; give this or all',
  ),
  all: z.boolean().default(false).describe(
    "true stops everything that is queued or running; give this or runs (default false)",
  ),
});
