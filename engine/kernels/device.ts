/** What a device does for kernels: the part that differs between WebGPU and CUDA. */
import type { Engine } from "../types.ts";
import type { KernelProgram } from "./compile.ts";
import type { SourceTensor, Tensor } from "./tensor.ts";

/** A tensor, and the array that takes its values. */
export interface Reading {
  readonly tensor: Tensor;
  readonly into: Float32Array | Int32Array;
}

/** Kernels with their memory on a device. What is asked of it happens in the order of asking. */
export interface DeviceProgram {
  /** Sets the values of a source, for all runs that are queued from now on. */
  write(tensor: SourceTensor, words: Float32Array | Int32Array): void;
  /** Queues one run and does not wait for it. */
  enqueue(): void;
  /** Waits for all that is queued, and copies tensors into arrays. */
  read(readings: readonly Reading[]): Promise<void>;
  release(): void;
}

export interface KernelDevice {
  readonly device: Engine["device"];
  /** For people. */
  readonly description: string;
  /** Makes a program ready: memory, compiled kernels, constants. */
  open(program: KernelProgram): Promise<DeviceProgram>;
  close(): void;
}

/** The values of a constant as they lie in memory. */
export function wordsOf(data: ArrayLike<number | bigint>): Float32Array | Int32Array {
  return data instanceof Float32Array ? data : Int32Array.from(data as ArrayLike<number>, Number);
}
