/** The builder of graphs, and the operators that they may consist of, which depend on the runtime. */
import {
  type Attribute,
  broadcastShapes,
  type ConstantData,
  type ElementType,
  type Graph,
  type Node,
  sizeOf,
  type Value,
} from "./value.ts";

/** The domain of operators of our own, which an ONNX model defines by functions. */
export const OWN_DOMAIN = "textdiffusion";

/** The input that tells a graph which replica it is; no input of an author's begins with #. */
export const REPLICA = "#replica";

/** Constants longer than this are not searched for an equal one. */
const MAX_SHARED_CONSTANT = 256;

/** The arrays that hold elements of each type. */
const ARRAYS = {
  float32: Float32Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
} as const;
const ELEMENT_TYPES = Object.keys(ARRAYS) as ElementType[];

/** What inputs and constants have in common. */
const LEAF = { domain: "", inputs: [], attributes: {}, results: 1 } as const;

interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly (Value | null)[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: string;
}

interface ValueSpec {
  readonly shape: readonly number[];
  readonly dtype: ElementType;
}

/**
 * Makes the values of one graph. Two requests for the same operator on the same inputs give the same
 * value, so common subexpressions are computed once.
 *
 * This is the plain layer: the constructors in the files beside it (elementwise, movement, reduction,
 * matmul, convolution) simplify, and end here.
 */
export class GraphBuilder {
  readonly #inputs: Value[] = [];
  readonly #shared = new Map<string, readonly Value[]>();
  readonly #dialect: Dialect;
  #nextId = 0;

  /**
   * @param dialect What the graph's runtime has, by default {@link PORTABLE}.
   * @param replicas How many of the graph run side by side on parts of a batch.
   */
  constructor(dialect: Partial<Dialect> = {}, readonly replicas = 1) {
    this.#dialect = { ...PORTABLE, ...dialect };
  }

  /** Channels per block where convolutions may use the blocked layout; 0 if not. */
  get blockSize(): number {
    return this.#dialect.blockSize;
  }

  /** Whether the graph's runtime has this operator, which not all have. */
  has(operator: OptionalOperator): boolean {
    return this.#dialect.optional.has(operator);
  }

  /** The number of the replica, an int32 scalar; undefined if there is one only. */
  replica(): Value | undefined {
    if (this.replicas === 1) return undefined;
    const known = this.#inputs.find(({ node }) => node.name === REPLICA);
    return known ?? this.input(REPLICA, { shape: [], dtype: "int32" });
  }

  /** Declares a named input. */
  input(name: string, { shape, dtype }: ValueSpec): Value {
    const node: Node = { ...LEAF, op: "Input", name };
    const value = this.#value(node, 0, { shape, dtype });
    this.#inputs.push(value);
    return value;
  }

  /** A constant tensor; `data` must not change afterwards. */
  constant(data: ConstantData, shape: readonly number[]): Value {
    if (data.length !== sizeOf(shape)) {
      throw new RangeError(`Constant of shape [${shape}] has ${data.length} elements`);
    }
    const dtype = ELEMENT_TYPES.find((type) => data instanceof ARRAYS[type])!;
    const node: Node = { ...LEAF, op: "Constant", data };
    if (data.length > MAX_SHARED_CONSTANT) return this.#value(node, 0, { shape, dtype });
    // Bytes rather than numbers, so that 0 and -0 stay apart and NaN equals itself.
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return this.#share(`Constant ${dtype} [${shape}] ${bytes.join()}`, node, [{
      shape,
      dtype,
    }])[0]!;
  }

  /** A scalar. */
  scalar(value: number, dtype: ElementType = "float32"): Value {
    return this.constant(
      dtype === "int64" ? BigInt64Array.of(BigInt(value)) : ARRAYS[dtype].of(value),
      [],
    );
  }

  /** A vector of int64, as ONNX wants for shapes, axes and the like. */
  integers(values: readonly number[]): Value {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length]);
  }

  /** The outputs of an operator with several of them. */
  nodes(spec: NodeSpec, outputs: readonly ValueSpec[]): readonly Value[] {
    // ONNX Runtime refuses some operators on tensors without elements, and none is needed.
    if (outputs.every(({ shape }) => sizeOf(shape) === 0)) {
      return outputs.map(({ shape, dtype }) => this.constant(new ARRAYS[dtype](0), shape));
    }
    const { op, inputs, attributes = {}, domain = "" } = spec;
    const key = [
      domain,
      op,
      inputs.map((input) => input?.id ?? "-").join(),
      JSON.stringify(attributes),
    ].join(" ");
    return this.#share(key, { op, domain, inputs, attributes, results: outputs.length }, outputs);
  }

  /** The only output of an operator. */
  node(spec: NodeSpec, output: ValueSpec): Value {
    return this.nodes(spec, [output])[0]!;
  }

  /** The finished graph. */
  finish(outputs: Readonly<Record<string, Value>>): Graph {
    return { inputs: this.#inputs, outputs };
  }

  #share(key: string, node: Node, outputs: readonly ValueSpec[]): readonly Value[] {
    const known = this.#shared.get(key);
    if (known) return known;
    const values = outputs.map((spec, index) => this.#value(node, index, spec));
    this.#shared.set(key, values);
    return values;
  }

  #value(node: Node, index: number, { shape, dtype }: ValueSpec): Value {
    return { node, index, shape, dtype, id: this.#nextId++ };
  }
}

/** The value of a constant of one element, seen through broadcasts; undefined for anything else. */
export function scalarOf(value: Value): number | undefined {
  const { node } = isExpand(value) ? value.node.inputs[0]! : value;
  return node.data?.length === 1 ? Number(node.data[0]) : undefined;
}

export function isExpand(value: Value): boolean {
  return value.node.op === "Expand";
}

/**
 * `value` broadcast to `shape`, lazily: elementwise operators and reductions look through it, so it
 * is only carried out where an operator needs the elements themselves.
 */
export function expand(b: GraphBuilder, value: Value, shape: readonly number[]): Value {
  const core = isExpand(value) ? value.node.inputs[0]! : value;
  if (broadcastShapes(core.shape, shape).some((extent, axis) => extent !== shape[axis])) {
    throw new RangeError(`Shape [${core.shape}] does not broadcast to [${shape}]`);
  }
  if (core.shape.length === shape.length && core.shape.every((n, axis) => n === shape[axis])) {
    return core;
  }
  return b.node(
    { op: "Expand", inputs: [core, b.integers(shape)] },
    { shape, dtype: core.dtype },
  );
}

/** A tensor with one value everywhere, kept symbolic. */
export function fill(
  b: GraphBuilder,
  value: number,
  shape: readonly number[],
  dtype: ElementType = "float32",
): Value {
  return expand(b, b.scalar(value, dtype), shape);
}

/** A constant tensor, symbolic if all its elements are equal. */
export function constantTensor(
  b: GraphBuilder,
  data: Float32Array | Int32Array | Uint8Array,
  shape: readonly number[],
): Value {
  const first = data[0];
  if (sizeOf(shape) > 1 && data.every((element) => Object.is(element, first))) {
    return expand(b, b.constant(data.slice(0, 1), []), shape);
  }
  // Copied, because the caller may write to its array later.
  return b.constant(data.slice(), shape);
}

/** Operators that graphs use where the runtime has them, and do without where it has not. The first
 * two are of ONNX Runtime's own domain, "com.microsoft"; the last, the gradient of a convolution's
 * filter, is ours alone. */
export const OPTIONAL_OPERATORS = ["FusedMatMul", "QuickGelu", "Sign", "FilterGradient"] as const;
type OptionalOperator = typeof OPTIONAL_OPERATORS[number];

/** Optional features of the runtime that a graph is traced for. */
export interface Dialect {
  /** Channels per block of the runtime's blocked layout of convolutions; 0 where it has none. */
  readonly blockSize: number;
  /**
   * The optional operators that the runtime has a kernel for. An operator without one is not an error in
   * ONNX Runtime: it is computed on the CPU, with a copy of its operands and its result at every run.
   */
  readonly optional: ReadonlySet<OptionalOperator>;
}

/** The optional operators that every build of ONNX Runtime has on the CPU. */
export const PORTABLE: Dialect = {
  blockSize: 0,
  optional: new Set(OPTIONAL_OPERATORS.filter((operator) => operator !== "FilterGradient")),
};
