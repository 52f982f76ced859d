import { explained, UserError } from "../engine/host/mod.ts";

/**
 * Makes a thing when it is first needed, and keeps it. A failure is not kept: what could not be
 * loaded may be had the next time.
 */
export function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () =>
    made ??= make().catch((error) => {
      made = undefined;
      throw error;
    });
}

/**
 * The answer to a request for what could not be loaded.
 *
 * @throws What was given, if it is not a mistake that somebody can mend.
 */
export function unavailable(failure: unknown): Response {
  const error = explained(failure);
  if (!(error instanceof UserError)) throw failure;
  return new Response(`${error.message}\n`, { status: 503 });
}
