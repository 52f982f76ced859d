/** Where in a traced function something happened. */

const ENGINE = new URL(".", import.meta.url).href;

/** Runs `body` with stacks deep enough to reach the caller through TensorFlow.js, and places its errors. */
export function withPlaces<T>(body: () => T): T {
  const { stackTraceLimit } = Error;
  // TensorFlow.js alone fills the ten frames that a stack has by default.
  Error.stackTraceLimit = 100;
  try {
    return body();
  } catch (error) {
    throw error instanceof Error ? placed(error) : error;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** An error out of TensorFlow.js or the engine, its message ending in the author's line. */
function placed(error: Error): Error {
  const [innermost, ...outer] = framesOf(error);
  // What the author's own code throws is left as it is.
  if (!innermost || isAuthors(innermost)) return error;
  const place = outer.find(isAuthors);
  if (!place) return error;
  const { message } = error;
  error.message = `${message} (${place.replace("file://", "")})`;
  error.stack = error.stack!.replace(message, () => error.message);
  return error;
}

function framesOf({ stack = "" }: Error): string[] {
  return stack.split("\n").map((line) => line.trim()).filter((line) => line.startsWith("at "));
}

function isAuthors(frame: string): boolean {
  return frame.includes("file:") && !frame.includes(ENGINE) && !/node_modules|\/npm\//.test(frame);
}
