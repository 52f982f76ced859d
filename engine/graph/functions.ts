/** Functions of single elements that ONNX lacks, or that lose digits when written as it stands. */
import { binary } from "./arithmetic.ts";
import { fill, type GraphBuilder } from "./builder.ts";
import { cast, elementwise, predicate, unary, unlessNaN, where } from "./elementwise.ts";
import type { Value } from "./value.ts";

/** e^x − 1 = tanh(x/2) · (e^x + 1), which keeps all digits near 0. */
export function expm1(b: GraphBuilder, x: Value): Value {
  const half = binary(b, "Mul", x, 0.5);
  return binary(b, "Mul", unary(b, "Tanh", half), binary(b, "Add", unary(b, "Exp", x), 1));
}

/**
 * log(1 + x). The rounding of u = 1 + x is undone by the factor x / (u − 1) (Kahan; Higham 2002,
 * "Accuracy and stability of numerical algorithms", problem 1.5).
 */
export function log1p(b: GraphBuilder, x: Value): Value {
  const u = binary(b, "Add", x, 1);
  const ratio = binary(b, "Div", x, binary(b, "Sub", u, 1));
  const value = binary(b, "Mul", unary(b, "Log", u), ratio);
  const keeps = predicate(b, "Or", [
    predicate(b, "Equal", [u, 1]),
    predicate(b, "Equal", [x, Infinity]),
  ]);
  return where(b, keeps, x, value);
}

/** asinh|x| = log1p(|x| + x² / (1 + √(x² + 1))), with the sign of x; log 2|x| where x² overflows. */
export function asinh(b: GraphBuilder, x: Value): Value {
  const size = unary(b, "Abs", x);
  const square = binary(b, "Mul", x, x);
  const root = unary(b, "Sqrt", binary(b, "Add", square, 1));
  const near = log1p(
    b,
    binary(b, "Add", size, binary(b, "Div", square, binary(b, "Add", root, 1))),
  );
  const far = binary(b, "Add", unary(b, "Log", size), Math.LN2);
  const big = predicate(b, "Greater", [size, 1e10]);
  const value = where(b, big, far, near);
  return where(b, predicate(b, "Less", [x, 0]), unary(b, "Neg", value), value);
}

/** acosh x = log1p(t + √(t·(t + 2))) with t = x − 1; log 2x where x² overflows. */
export function acosh(b: GraphBuilder, x: Value): Value {
  const t = binary(b, "Sub", x, 1);
  const product = binary(b, "Mul", t, binary(b, "Add", t, 2));
  const near = log1p(b, binary(b, "Add", t, unary(b, "Sqrt", product)));
  const far = binary(b, "Add", unary(b, "Log", x), Math.LN2);
  return where(b, predicate(b, "Greater", [x, 1e10]), far, near);
}

/** atanh x = log1p(2x / (1 − x)) / 2. */
export function atanh(b: GraphBuilder, x: Value): Value {
  const twice = binary(b, "Mul", x, 2);
  const ratio = binary(b, "Div", twice, binary(b, "Sub", 1, x));
  return binary(b, "Mul", log1p(b, ratio), 0.5);
}

/** The angle of the point (x, y). The signs of zeros are not looked at. */
export function atan2(b: GraphBuilder, y: Value, x: Value): Value {
  const [height, width] = [unary(b, "Abs", y), unary(b, "Abs", x)];
  const [small, large] = [binary(b, "Min", height, width), binary(b, "Max", height, width)];
  const ratio = where(
    b,
    predicate(b, "Equal", [large, 0]),
    0,
    where(b, predicate(b, "Equal", [small, Infinity]), 1, binary(b, "Div", small, large)),
  );
  const first = unary(b, "Atan", ratio);
  const from = (angle: number, value: Value) => binary(b, "Sub", angle, value);
  const steep = predicate(b, "Greater", [height, width]);
  const quadrant = where(b, steep, from(Math.PI / 2, first), first);
  const half = where(b, predicate(b, "Less", [x, 0]), from(Math.PI, quadrant), quadrant);
  const angle = where(b, predicate(b, "Less", [y, 0]), unary(b, "Neg", half), half);
  // Minima and maxima pass over NaN on some devices.
  return unlessNaN(b, x, unlessNaN(b, y, angle, y), x);
}

/** 1, 0 or −1; 0 for NaN, as TensorFlow.js has it. */
export function sign(b: GraphBuilder, x: Value): Value {
  if (x.dtype !== "float32") return unary(b, "Sign", x);
  if (b.has("Sign")) return unlessNaN(b, x, unary(b, "Sign", x), 0);
  const [above, below] = ["Greater", "Less"].map((op) =>
    cast(b, predicate(b, op, [x, 0]), "float32")
  );
  return binary(b, "Sub", above!, below!);
}

/** `alpha` up to 0 and 1 above, the derivative of relu and its kin; NaN for NaN. */
export function step(b: GraphBuilder, x: Value, alpha: number): Value {
  const above = predicate(b, "Greater", [x, 0]);
  if (x.dtype !== "float32") return where(b, above, fill(b, 1, [], x.dtype), alpha);
  // The signs −1, 0 and 1, and NaN; what is not above the level becomes the level.
  if (alpha >= 0 && alpha <= 1 && b.has("Sign")) {
    return binary(b, "Max", unary(b, "Sign", x), alpha);
  }
  return where(b, above, 1, where(b, predicate(b, "LessOrEqual", [x, 0]), alpha, x));
}

/** x where it is positive, `scale` · (e^x − 1) elsewhere. */
export function elu(b: GraphBuilder, x: Value, scale = 1): Value {
  const low = expm1(b, binary(b, "Min", x, 0));
  return where(
    b,
    predicate(b, "Greater", [x, 0]),
    x,
    binary(b, "Mul", low, scale),
  );
}

/** x where it is not negative, alpha · x elsewhere. */
export function prelu(b: GraphBuilder, x: Value, alpha: Value): Value {
  return where(b, predicate(b, "Less", [x, 0]), binary(b, "Mul", x, alpha), x);
}

export function leakyRelu(b: GraphBuilder, x: Value, alpha: number): Value {
  return elementwise(b, { op: "LeakyRelu", attributes: { alpha: { float: alpha } } }, [x]);
}

/** x between two bounds; NaN stays NaN. */
export function clip(b: GraphBuilder, x: Value, low: number, high: number): Value {
  return binary(b, "Min", binary(b, "Max", x, low), high);
}

/**
 * x modulo y, with the sign of y: that is what ONNX's Mod gives for integers, but not for floats. An
 * integer modulo 0 is 0, as in TensorFlow.js.
 */
export function modulo(b: GraphBuilder, x: Value, y: Value): Value {
  if (x.dtype !== "float32") return elementwise(b, { op: "Mod" }, [x, divisorOf(b, y).safe]);
  const whole = unary(b, "Floor", binary(b, "Div", x, y));
  return binary(b, "Sub", x, binary(b, "Mul", whole, y));
}

/** ⌊x / y⌋ of integers; 0 where y is 0, as in TensorFlow.js. */
export function floorDivide(b: GraphBuilder, x: Value, y: Value): Value {
  const { safe, left } = divisorOf(b, y);
  const whole = binary(b, "Sub", x, elementwise(b, { op: "Mod" }, [x, safe]));
  const quotient = binary(b, "Div", whole, safe);
  return left ? binary(b, "Mul", quotient, left) : quotient;
}

/**
 * An integer divisor as safe · left, where division by `safe` is possible: by 0, and the smallest
 * integer by −1, it ends the process.
 */
function divisorOf(b: GraphBuilder, y: Value): { safe: Value; left?: Value } {
  const known = y.node.op === "Constant" ? [...y.node.data!] : [0];
  if (known.every((value) => Number(value) > 0 || Number(value) < -1)) return { safe: y };
  const risky = predicate(b, "Or", [predicate(b, "Equal", [y, 0]), predicate(b, "Equal", [y, -1])]);
  return { safe: where(b, risky, 1, y), left: where(b, risky, y, 1) };
}

/**
 * A float as JavaScript makes it a 32-bit integer, but for its fraction: beyond 32 bits it wraps, and
 * NaN and infinities become 0. What ONNX's Cast does with them depends on the processor.
 */
export function wrapped(b: GraphBuilder, x: Value): Value {
  const turns = binary(b, "Add", binary(b, "Mul", x, 2 ** -32), 0.5);
  const whole = binary(b, "Mul", unary(b, "Floor", turns), 2 ** 32);
  const rest = binary(b, "Sub", x, whole);
  return unlessNaN(b, rest, rest, 0);
}
