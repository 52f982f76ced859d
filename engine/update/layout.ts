/** Every parameter of a network one after the other in flat arrays. */

/** Flat arrays are padded to a multiple of this, so that sums over them divide into equal parts. */
export const ALIGNMENT = 256;

/** A parameter's place in the flat tensors. */
export interface Slot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly size: number;
}

/** Every parameter's place, and the length of a flat tensor. */
export interface FlatLayout {
  readonly slots: readonly Slot[];
  readonly length: number;
}

export function flatLayout(
  specs: readonly { readonly name: string; readonly shape: readonly number[] }[],
): FlatLayout {
  let end = 0;
  const slots = specs.map(({ name, shape }) => {
    const size = shape.reduce((x, y) => x * y, 1);
    const start = end;
    end += size;
    return { name, shape, start, size };
  });
  return { slots, length: ALIGNMENT * Math.ceil(end / ALIGNMENT) };
}

/** Arrays by parameter as one flat array. */
export function flatten(
  { slots, length }: FlatLayout,
  arrayOf: (name: string) => Float32Array,
): Float32Array {
  const flat = new Float32Array(length);
  for (const { name, start } of slots) flat.set(arrayOf(name), start);
  return flat;
}

/** Copies a flat array into arrays by parameter. */
export function unflatten(
  { slots }: FlatLayout,
  flat: Float32Array,
  arrayOf: (name: string) => Float32Array,
): void {
  for (const { name, start, size } of slots) {
    arrayOf(name).set(flat.subarray(start, start + size));
  }
}
