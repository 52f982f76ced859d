/** The check of a number in a request. */
import { UserError } from "../../engine/host/mod.ts";

/** @throws {UserError} If the value of the field is not a (whole) number in the range. */
export function requireWithin(
  field: string,
  value: number,
  least: number,
  most: number,
  whole: boolean,
): void {
  const fits = (whole ? Number.isInteger(value) : Number.isFinite(value)) &&
    value >= least && value <= most;
  if (!fits) {
    throw new UserError(
      `${field} is ${value}, but must be a ${whole ? "whole " : ""}number from ${least} to ${most}`,
    );
  }
}
