/** Operators on arrays, written to be obviously right: what the graph's are compared with. */

/** An array in row-major order. */
export interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** The array whose element at `index` is `element(index)`. */
export function build(
  shape: readonly number[],
  element: (index: readonly number[]) => number,
): Plain {
  const data: number[] = [];
  const visit = (index: readonly number[]) => {
    if (index.length === shape.length) return void data.push(element(index));
    for (let i = 0; i < shape[index.length]!; i++) visit([...index, i]);
  };
  visit([]);
  return { shape, data };
}

/** The element at `index`. */
export function at({ shape, data }: Plain, index: readonly number[]): number {
  return data[index.reduce((offset, i, axis) => offset * shape[axis]! + i, 0)]!;
}

/** Distinct numbers. */
export function distinct(shape: readonly number[], first = 1): Plain {
  let next = first;
  return build(shape, () => next++);
}

export function transpose(x: Plain, perm: readonly number[]): Plain {
  return build(perm.map((axis) => x.shape[axis]!), (index) => {
    const source = new Array<number>(perm.length);
    perm.forEach((axis, i) => source[axis] = index[i]!);
    return at(x, source);
  });
}

export function broadcast(x: Plain, shape: readonly number[]): Plain {
  const missing = shape.length - x.shape.length;
  return build(
    shape,
    (index) => at(x, index.slice(missing).map((i, axis) => x.shape[axis] === 1 ? 0 : i)),
  );
}

export function slice(
  x: Plain,
  begin: readonly number[],
  size: readonly number[],
  strides: readonly number[],
): Plain {
  return build(size, (index) => at(x, index.map((i, axis) => begin[axis]! + i * strides[axis]!)));
}

export function pad(x: Plain, before: readonly number[], after: readonly number[]): Plain {
  const shape = x.shape.map((extent, axis) => before[axis]! + extent + after[axis]!);
  return build(shape, (index) => {
    const source = index.map((i, axis) => i - before[axis]!);
    return source.every((i, axis) => i >= 0 && i < x.shape[axis]!) ? at(x, source) : 0;
  });
}

export function concat(x: Plain, y: Plain, axis: number): Plain {
  const own = x.shape[axis]!;
  const shape = x.shape.with(axis, own + y.shape[axis]!);
  return build(
    shape,
    (index) => index[axis]! < own ? at(x, index) : at(y, index.with(axis, index[axis]! - own)),
  );
}

export function sum(x: Plain, axis: number): Plain {
  return build(x.shape.with(axis, 1), (index) => {
    let total = 0;
    for (let i = 0; i < x.shape[axis]!; i++) total += at(x, index.with(axis, i));
    return total;
  });
}

/** x − 2y, elementwise with broadcasting from the right. */
export function combine(x: Plain, y: Plain): Plain {
  const rank = Math.max(x.shape.length, y.shape.length);
  const extent = (p: Plain, axis: number) => p.shape[axis - rank + p.shape.length] ?? 1;
  const shape = Array.from({ length: rank }, (_, i) => Math.max(extent(x, i), extent(y, i)));
  const [left, right] = [broadcast(x, shape), broadcast(y, shape)];
  return { shape, data: left.data.map((value, i) => value - 2 * right.data[i]!) };
}
