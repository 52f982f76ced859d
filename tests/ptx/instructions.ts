/**
 * What PTX instructions give, as expressions of JavaScript in their operands. Floats are numbers that
 * float32 holds, integers are signed, addresses exact numbers. Approximations are computed exactly and
 * rounded to float32. https://docs.nvidia.com/cuda/parallel-thread-execution/
 */

import { tf32Bits } from "./fragments.ts";
import { BASE } from "./memory.ts";

type Expression = (...operands: string[]) => string;

const same: Expression = (x) => x;
const rounded = (expression: Expression): Expression => (...operands) =>
  `fround(${expression(...operands)})`;
const integer = (expression: Expression): Expression => (...operands) =>
  `(${expression(...operands)} | 0)`;
const compare = (operator: string): Expression => (x, y) => `${x} ${operator} ${y}`;
const select: Expression = (x, y, p) => `(${p} ? ${x} : ${y})`;

const EXPRESSIONS: Readonly<Record<string, Expression>> = {
  "mov.u32": same,
  "mov.b32": same,
  "mov.f32": same,
  "mov.b64": same,
  "mov.pred": same,
  "cvta.to.global.u64": same,

  "add.f32": rounded((x, y) => `${x} + ${y}`),
  "sub.f32": rounded((x, y) => `${x} - ${y}`),
  "mul.f32": rounded((x, y) => `${x} * ${y}`),
  "div.rn.f32": rounded((x, y) => `${x} / ${y}`),
  "fma.rn.f32": rounded((x, y, z) => `${x} * ${y} + ${z}`),
  "max.f32": (x, y) => `larger(${x}, ${y})`,
  "min.f32": (x, y) => `smaller(${x}, ${y})`,
  "neg.f32": (x) => `-${x}`,
  "abs.f32": (x) => `Math.abs(${x})`,
  "sqrt.rn.f32": rounded((x) => `Math.sqrt(${x})`),
  "ex2.approx.f32": rounded((x) => `2 ** (${x})`),
  "lg2.approx.f32": rounded((x) => `Math.log2(${x})`),
  "sin.approx.f32": rounded((x) => `Math.sin(${x})`),
  "cos.approx.f32": rounded((x) => `Math.cos(${x})`),
  "cvt.rmi.f32.f32": (x) => `Math.floor(${x})`,
  "cvt.rpi.f32.f32": (x) => `Math.ceil(${x})`,
  "cvt.rni.f32.f32": (x) => `halfToEven(${x})`,
  "cvt.rzi.s32.f32": (x) => `saturated(${x})`,
  "cvt.rn.f32.s32": rounded(same),
  "cvt.rna.tf32.f32": (x) => `tf32Bits(${x})`,
  "testp.notanumber.f32": (x) => `${x} !== ${x}`,

  "add.s32": integer((x, y) => `${x} + ${y}`),
  "mul.lo.s32": (x, y) => `Math.imul(${x}, ${y})`,
  "mad.lo.s32": integer((x, y, z) => `Math.imul(${x}, ${y}) + ${z}`),
  "neg.s32": integer((x) => `-${x}`),
  "abs.s32": integer((x) => `Math.abs(${x})`),
  "max.s32": (x, y) => `(${x} > ${y} ? ${x} : ${y})`,
  "min.s32": (x, y) => `(${x} < ${y} ? ${x} : ${y})`,
  "div.s32": integer((x, y) => `${x} / ${y}`),
  "rem.s32": integer((x, y) => `${x} % ${y}`),
  "div.u32": integer((x, y) => `(${x} >>> 0) / ${y}`),
  "rem.u32": integer((x, y) => `(${x} >>> 0) % ${y}`),
  "shr.u32": integer((x, y) => `${x} >>> ${y}`),
  "and.b32": (x, y) => `(${x} & ${y})`,
  "xor.b32": (x, y) => `(${x} ^ ${y})`,
  "shf.l.wrap.b32": (low, high, by) => `(${high} << ${by} | ${low} >>> (32 - ${by}))`,
  "mad.wide.s32": (x, y, z) => `${x} * ${y} + ${z}`,
  "mad.wide.u32": (x, y, z) => `(${x} >>> 0) * ${y} + ${z}`,

  "setp.lt.f32": compare("<"),
  "setp.le.f32": compare("<="),
  "setp.gt.f32": compare(">"),
  "setp.eq.f32": compare("==="),
  "setp.neu.f32": compare("!=="),
  "setp.lt.s32": compare("<"),
  "setp.le.s32": compare("<="),
  "setp.gt.s32": compare(">"),
  "setp.eq.s32": compare("==="),
  "setp.ne.s32": compare("!=="),

  "not.pred": (x) => `!${x}`,
  "and.pred": compare("&&"),
  "or.pred": compare("||"),
  "xor.pred": compare("!=="),
  "selp.f32": select,
  "selp.s32": select,
};

/** @throws {SyntaxError} If the instruction is not one that printPtx() prints. */
export function expressionOf(op: string, operands: readonly string[], text: string): string {
  const expression = EXPRESSIONS[op];
  if (!expression) throw new SyntaxError(`An instruction that is not known: ${text}`);
  return expression(...operands);
}

/** Bytes between the beginnings of shared arrays: what goes beyond one does not meet the next. */
export const SHARED_STRIDE = 2 ** 16;
/** Lanes that a number of an interval between barriers has room for. */
export const INTERVAL = 2048;
const MANY = INTERVAL - 1;

/** A word of global memory; only one thread of a launch may write it, and none read it then. */
export function globalAccess(
  stores: boolean,
  address: string,
  act: string,
  number: number,
): string {
  const fault = `globalFault(${number}, block, lane, ${address}, launch)`;
  const allowed = stores
    ? "writers[i] > 0 && writers[i] !== launch && readers[i] !== launch"
    : "writers[i] > 1 && writers[i] !== launch";
  const mark = stores ? "writers[i] = launch;" : "readers[i] = launch;";
  return `{ const i = (${address} - ${BASE}) * 0.25; ` +
    `if (!(${allowed})) ${fault}; ${mark} ${act} }`;
}

/** A word of shared memory: as in global memory, between two barriers. */
export function sharedAccess(
  stores: boolean,
  address: string,
  act: string,
  number: number,
): string {
  const head = `{ const i = ${address} >> 2, w = sharedWriters[i], q = sharedReaders[i]; `;
  const fault = `sharedFault(${number}, block, lane, ${address}, w)`;
  const apart = "(w < interval || w === me)";
  return stores
    ? `${head}if (!(w > -2 && ${apart} && (q < interval || q === me)) || ${address} & 3) ${fault}; ` +
      `sharedWriters[i] = me; ${act} }`
    : `${head}if (!(w >= 0 && ${apart}) || ${address} & 3) ${fault}; ` +
      `sharedReaders[i] = q < interval ? me : q === me ? me : interval + ${MANY}; ${act} }`;
}

/** Functions that the expressions call. */
export const FUNCTIONS = {
  fround: Math.fround,
  larger: chosen(Math.max),
  smaller: chosen(Math.min),
  halfToEven,
  saturated,
  tf32Bits,
};

/** One of two numbers; NaN only if both are. */
function chosen(better: (x: number, y: number) => number) {
  return (x: number, y: number) => Number.isNaN(x) ? y : Number.isNaN(y) ? x : better(x, y);
}

function halfToEven(x: number): number {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

/** The nearest integer towards zero that 32 bits hold; 0 for NaN. */
function saturated(x: number): number {
  if (Number.isNaN(x)) return 0;
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(x)));
}
