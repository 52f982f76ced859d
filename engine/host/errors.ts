/**
 * A mistake that the caller can mend: a bad value, a missing file, an impossible combination.
 *
 * The message names the field, the value, what is allowed, and what to do. Anything else that is
 * thrown is a bug of ours.
 */
export class UserError extends Error {
  override readonly name = "UserError";
}

/** How Deno begins where an npm package is not in its cache and cannot be fetched. */
const UNFETCHED = /^Failed caching npm package '(.+)@([^@']+)'\s*(?:0: )?(.*)/;

/**
 * What was thrown, as it is to be told: that a package could not be fetched on its first use is
 * nothing that the program did wrong, so it becomes a {@link UserError}. All else is left alone.
 */
export function explained(error: unknown): unknown {
  const found = error instanceof Error ? UNFETCHED.exec(error.message) : null;
  if (!found) return error;
  const [, name, version, reason] = found;
  return new UserError(
    `The npm package ${name} ${version} is needed here for the first time and cannot be fetched ` +
      `(${reason}): run \`deno task setup\` once where the npm registry can be reached, then ask again`,
    { cause: error },
  );
}
