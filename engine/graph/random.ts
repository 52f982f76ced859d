/** Random numbers in a graph: those of host/random.ts, for the same key. */
import { binary } from "./arithmetic.ts";
import { type GraphBuilder, OWN_DOMAIN } from "./builder.ts";
import { cast, elementwise, fill, predicate, unary, where } from "./elementwise.ts";
import { log1p } from "./functions.ts";
import { concat, reshape, slice } from "./movement.ts";
import { sizeOf, type Value } from "./value.ts";

/** The key of a draw: int32 scalars. */
export interface GraphKey {
  readonly seed: Value;
  /** Hash of the stream's name. */
  readonly stream: Value;
  readonly step: Value;
}

/** Numbers uniform on [0, 1). */
export function uniformNumbers(b: GraphBuilder, key: GraphKey, shape: readonly number[]): Value {
  return drawn(b, key, shape, (words) => words.map((word) => fraction(b, word)));
}

/** Numbers from the standard normal distribution. */
export function normalNumbers(b: GraphBuilder, key: GraphKey, shape: readonly number[]): Value {
  return drawn(b, key, shape, ([first, second]) => {
    const radius = unary(b, "Sqrt", binary(b, "Mul", logarithm(b, first), fill(b, -2, [])));
    const turn = binary(b, "Mul", cast(b, second, "float32"), fill(b, 2 * Math.PI * 2 ** -32, []));
    return ["Cos", "Sin"].map((op) => binary(b, "Mul", radius, unary(b, op, turn)));
  });
}

/**
 * Draws the numbers of `shape`, two from each block of two words. Where a batch is divided over
 * replicas, each draws its part of what the whole batch would draw.
 */
function drawn(
  b: GraphBuilder,
  { seed, stream, step }: GraphKey,
  shape: readonly number[],
  numbersOf: (words: readonly [Value, Value]) => readonly Value[],
): Value {
  const count = sizeOf(shape);
  const replica = b.replica();
  // One block more than there are pairs, because a replica's part may begin amid a block.
  const blocks = Math.ceil(count / 2) + (replica ? 1 : 0);
  const integer = (value: number) => fill(b, value, [], "int32");
  const pairsFrom = (counter: Value) => {
    const word = { shape: [blocks], dtype: "int32" } as const;
    const [even, uneven] = b.nodes({
      op: "Threefry2x32",
      domain: OWN_DOMAIN,
      inputs: [counter, step, seed, stream],
    }, [word, word]);
    const pairs = numbersOf([even!, uneven!]).map((x) => reshape(b, x, [blocks, 1]));
    return reshape(b, concat(b, pairs, 1), [2 * blocks]);
  };
  if (!replica) return reshape(b, slice(b, pairsFrom(iota(b, blocks)), [0], [count]), shape);
  const start = binary(b, "Mul", replica, integer(count));
  const odd = elementwise(b, { op: "Mod" }, [start, integer(2)]);
  const first = binary(b, "Div", binary(b, "Sub", start, odd), integer(2));
  const row = pairsFrom(binary(b, "Add", iota(b, blocks), first));
  const places = binary(b, "Add", iota(b, count), odd);
  const own = b.node(
    { op: "Gather", inputs: [row, places], attributes: { axis: 0 } },
    { shape: [count], dtype: "float32" },
  );
  return reshape(b, own, shape);
}

function iota(b: GraphBuilder, count: number): Value {
  return b.constant(Int32Array.from({ length: count }, (_, i) => i), [count]);
}

/** The upper 24 bits of a word, as a fraction; exact. */
function fraction(b: GraphBuilder, word: Value): Value {
  const low = elementwise(b, { op: "Mod" }, [word, fill(b, 256, [], "int32")]);
  const high = cast(b, binary(b, "Sub", word, low), "float32");
  const signed = binary(b, "Mul", high, fill(b, 2 ** -32, []));
  return binary(b, "Add", signed, cast(b, isNegative(b, word), "float32"));
}

/** log((w + 1) / 2^32) of an unsigned word w, with all digits at both ends. */
function logarithm(b: GraphBuilder, word: Value): Value {
  const scale = fill(b, 2 ** -32, []);
  const low = binary(b, "Add", cast(b, word, "float32"), fill(b, 1, []));
  const small = unary(b, "Log", binary(b, "Mul", low, scale));
  // A word from 2^31 on is negative as a signed one: −1 − w is how far it is from 2^32 − 1.
  const missing = binary(b, "Sub", fill(b, -1, [], "int32"), word);
  const share = binary(b, "Mul", cast(b, missing, "float32"), scale);
  return where(b, isNegative(b, word), log1p(b, unary(b, "Neg", share)), small);
}

function isNegative(b: GraphBuilder, word: Value): Value {
  return predicate(b, "Less", [word, fill(b, 0, [], "int32")]);
}
