/** What PTX instructions give. Approximations are computed exactly, rounded to float32. */

type Operation = (x: number, y: number, z: number) => number | boolean;

const f = Math.fround;
const float = (fn: (x: number, y: number) => number): Operation => (x, y) => f(fn(x, y));
const integer = (fn: (x: number, y: number) => number): Operation => (x, y) => fn(x, y) | 0;

/** The smaller or larger, of which a NaN is neither. */
const choose = (better: (x: number, y: number) => number) => (x: number, y: number) =>
  Number.isNaN(x) ? y : Number.isNaN(y) ? x : better(x, y);

const table: Readonly<Record<string, Operation>> = {
  "mov.u32": (x) => x,
  "mov.b32": (x) => x,
  "mov.f32": (x) => x,
  "mov.b64": (x) => x,
  "mov.pred": (x) => x,
  "cvta.to.global.u64": (x) => x,

  "add.f32": float((x, y) => x + y),
  "sub.f32": float((x, y) => x - y),
  "mul.f32": float((x, y) => x * y),
  "div.rn.f32": float((x, y) => x / y),
  "fma.rn.f32": (x, y, z) => f(x * y + z),
  "max.f32": float(choose(Math.max)),
  "min.f32": float(choose(Math.min)),
  "neg.f32": float((x) => -x),
  "abs.f32": float(Math.abs),
  "sqrt.rn.f32": float(Math.sqrt),
  "ex2.approx.f32": float((x) => 2 ** x),
  "lg2.approx.f32": float(Math.log2),
  "sin.approx.f32": float(Math.sin),
  "cos.approx.f32": float(Math.cos),
  "cvt.rmi.f32.f32": float(Math.floor),
  "cvt.rpi.f32.f32": float(Math.ceil),
  "cvt.rni.f32.f32": float(halfToEven),
  "cvt.rzi.s32.f32": (x) => Math.trunc(x) | 0,
  "cvt.rn.f32.s32": float((x) => x),
  "testp.notanumber.f32": (x) => Number.isNaN(x),

  "add.s32": integer((x, y) => x + y),
  "mul.lo.s32": integer(Math.imul),
  "mad.lo.s32": (x, y, z) => (Math.imul(x, y) + z) | 0,
  "neg.s32": integer((x) => -x),
  "abs.s32": integer(Math.abs),
  "max.s32": integer(Math.max),
  "min.s32": integer(Math.min),
  "div.s32": integer((x, y) => Math.trunc(x / y)),
  "rem.s32": integer((x, y) => x % y),
  "div.u32": integer((x, y) => Math.floor((x >>> 0) / y)),
  "rem.u32": integer((x, y) => (x >>> 0) % y),
  "shr.u32": integer((x, y) => x >>> y),
  "and.b32": integer((x, y) => x & y),
  "xor.b32": integer((x, y) => x ^ y),
  "shf.l.wrap.b32": (low, high, by) => (high << by) | (low >>> (32 - by)),
  "mad.wide.s32": (x, y, z) => x * y + z,
  "mad.wide.u32": (x, y, z) => (x >>> 0) * y + z,

  "setp.lt.f32": (x, y) => x < y,
  "setp.le.f32": (x, y) => x <= y,
  "setp.gt.f32": (x, y) => x > y,
  "setp.eq.f32": (x, y) => x === y,
  "setp.neu.f32": (x, y) => x !== y,
  "setp.lt.s32": (x, y) => x < y,
  "setp.le.s32": (x, y) => x <= y,
  "setp.gt.s32": (x, y) => x > y,
  "setp.eq.s32": (x, y) => x === y,
  "setp.ne.s32": (x, y) => x !== y,

  "not.pred": (x) => !x,
  "and.pred": (x, y) => Boolean(x && y),
  "or.pred": (x, y) => Boolean(x || y),
  "xor.pred": (x, y) => x !== y,
  "selp.f32": (x, y, p) => p ? x : y,
  "selp.s32": (x, y, p) => p ? x : y,
};

const CONTROL = ["ret", "bra", "bar.sync"];

export function known(op: string): boolean {
  return op in table || CONTROL.includes(op) || /^(ld|st)\.(param|global|shared)/.test(op);
}

export function operations(op: string): (...operands: number[]) => number | boolean {
  return table[op]! as (...operands: number[]) => number | boolean;
}

function halfToEven(x: number): number {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}
