/**
 * A mistake that the caller can mend: a bad value, a missing file, an impossible combination.
 *
 * The message names the field, the value, what is allowed, and what to do. Anything else that is
 * thrown is a bug of ours.
 */
export class UserError extends Error {
  override readonly name = "UserError";
}
