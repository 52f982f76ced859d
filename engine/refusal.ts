import { UserError } from "./host/mod.ts";

/**
 * What a traced function asks for and the compiler does not offer: a kernel, a variant of one, or an
 * element type. Nothing was computed; the function has to be written differently.
 */
export class Refusal extends UserError {
  /**
   * @param kernel The kernel's name in TensorFlow.js.
   * @param whole Whether the whole kernel is missing, rather than this use of it.
   */
  constructor(readonly kernel: string, message: string, readonly whole = false) {
    super(message);
  }
}

/** Refuses one use of a kernel: `what` it is, and what could be compiled `instead`. */
export function refuse(kernel: string, what: string, instead: string): never {
  throw new Refusal(kernel, `${kernel} ${what}: ${instead}`);
}
