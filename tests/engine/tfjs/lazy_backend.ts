/**
 * A TensorFlow.js backend over the engine's lowerings that computes when it is asked for values: what
 * an operator does is recorded, and reading a tensor runs the graph of everything that led to it.
 */
import { constantTensor, type Dialect, GraphBuilder } from "../../../engine/graph/builder.ts";
import { cast } from "../../../engine/graph/elementwise.ts";
import { type Graph, liveNodes, type Value } from "../../../engine/graph/value.ts";
import { tf } from "../../../engine/mod.ts";
import { elementsOf, Recorder, registerRecorder } from "../../../engine/trace.ts";
import { Refusal } from "../../../engine/lowering/lowering.ts";
import type { Evaluator } from "./evaluator.ts";

export const LAZY = "lazy";

export class LazyBackend extends Recorder {
  #builder: GraphBuilder;
  readonly #literals = new Map<string, Float32Array | Int32Array>();
  readonly #evaluate: Evaluator;
  readonly #dialect: Dialect;
  /** How many times a graph was run. */
  runs = 0;
  /** What ONNX Runtime said when it failed. */
  failures: string[] = [];
  /** Is told of refusals, which a test may swallow. */
  onRefusal: (refusal: Refusal) => void = () => {};

  constructor(evaluate: Evaluator, dialect: Dialect) {
    super();
    this.#evaluate = evaluate;
    this.#dialect = dialect;
    this.#builder = new GraphBuilder(dialect);
  }

  override get builder(): GraphBuilder {
    return this.#builder;
  }

  /** Forgets everything recorded: no tensor from before may be used afterwards. */
  reset(): void {
    this.#builder = new GraphBuilder(this.#dialect);
    this.#literals.clear();
  }

  /** Numbers are constants, as they are in a traced function; anything larger is an input. */
  protected override literal(
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): Value {
    const elements = this.lower(() => elementsOf(values, dtype));
    if (elements.length <= 1) return constantTensor(this.builder, elements, shape);
    const data = elements instanceof Uint8Array ? Int32Array.from(elements) : elements;
    const name = `literal_${this.#literals.size}`;
    this.#literals.set(name, data);
    const type = data instanceof Float32Array ? "float32" : "int32";
    const input = this.builder.input(name, { shape, dtype: type });
    return dtype === "bool" ? cast(this.builder, input, "bool") : input;
  }

  override lower<T>(lowering: () => T): T {
    try {
      return lowering();
    } catch (error) {
      if (error instanceof Refusal) this.onRefusal(error);
      throw error;
    }
  }

  override readSync(dataId: tf.DataId): tf.backend_util.BackendValues {
    const value = this.value({ dataId });
    const output = value.dtype === "bool" ? cast(this.builder, value, "int32") : value;
    this.runs++;
    try {
      const result = this.#evaluate(this.#graphOf(output));
      return value.dtype === "bool" ? Uint8Array.from(result) : result;
    } catch (error) {
      this.failures.push((error as Error).message);
      throw error;
    }
  }

  #graphOf(output: Value): { graph: Graph; literals: Record<string, Float32Array | Int32Array> } {
    const outputs = { output };
    const used = liveNodes({ inputs: [], outputs }).flatMap(({ inputs }) => inputs);
    const inputs = [...new Set([output, ...used])]
      .filter((value): value is Value => value?.node.op === "Input");
    const literals = Object.fromEntries(
      inputs.map(({ node }) => [node.name!, this.#literals.get(node.name!)!]),
    );
    return { graph: { inputs, outputs }, literals };
  }
}

/** A lazy backend, registered with TensorFlow.js. */
export function registerLazyBackend(evaluate: Evaluator, dialect: Dialect): LazyBackend {
  const backend = new LazyBackend(evaluate, dialect);
  registerRecorder(LAZY, backend);
  return backend;
}
