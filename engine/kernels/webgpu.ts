/** Kernels on a GPU through WebGPU. https://www.w3.org/TR/webgpu/ */
import { UserError } from "../host/mod.ts";
import {
  type DeviceProgram,
  type KernelDevice,
  type KernelProgram,
  type Reading,
  wordsOf,
} from "./compile.ts";
import type { Kernel } from "./kernel.ts";
import { type Launch, type MemoryPlan, planProgram } from "./memory.ts";
import type { SourceTensor } from "./tensor.ts";
import { banksOf, MOST_GROUPS, printWgsl } from "./wgsl.ts";

const STORAGE = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

/** Why a GPU is not to be chosen unless it is asked for; undefined if there is one. */
export async function webGpuTrouble(): Promise<string | undefined> {
  const adapter = await requestAdapter();
  if (!adapter) return "no adapter";
  // A software adapter is slower than the CPU's own kernels, whatever it is to compute.
  return isSoftware(adapter.info) ? `${nameOf(adapter.info)} is software` : undefined;
}

/**
 * Opens the adapter that suits computing best.
 *
 * @throws {UserError} If there is none.
 */
export async function openWebGpu(): Promise<KernelDevice> {
  const adapter = await requestAdapter();
  if (!adapter) {
    throw new UserError("Device webgpu cannot be used here: there is no WebGPU adapter; use cpu");
  }
  const { info, limits } = adapter;
  const device = await adapter.requestDevice({
    requiredLimits: {
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
    },
  });
  const software = isSoftware(info) ? ", in software" : "";
  return {
    device: "webgpu",
    description: `GPU through WebGPU: ${nameOf(info)}${software}`,
    precision: "float32",
    async open(program) {
      device.pushErrorScope("validation");
      const opened = new WebGpuProgram(device, program);
      const error = await device.popErrorScope();
      if (error) throw new Error(`Internal: the GPU refuses a kernel: ${error.message}`);
      return opened;
    },
    close: () => device.destroy(),
  };
}

async function requestAdapter(): Promise<GPUAdapter | null | undefined> {
  return await withoutDisplay(async () =>
    await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" })
  );
}

const DISPLAY_FOLDER = "XDG_RUNTIME_DIR";

/**
 * Looks for adapters where there may be no display. Mesa's drivers ask Wayland for one, and without
 * the variable Wayland writes an error to the terminal; a folder that is not there it passes over.
 */
export async function withoutDisplay<T>(look: () => Promise<T>): Promise<T> {
  if (Deno.build.os !== "linux" || Deno.env.get(DISPLAY_FOLDER)) return await look();
  Deno.env.set(DISPLAY_FOLDER, "/nonexistent");
  try {
    return await look();
  } finally {
    Deno.env.delete(DISPLAY_FOLDER);
  }
}

function isSoftware({ isFallbackAdapter, description }: GPUAdapterInfo): boolean {
  return isFallbackAdapter || /llvmpipe|swiftshader|lavapipe/i.test(description);
}

function nameOf({ description, vendor }: GPUAdapterInfo): string {
  return description || vendor || "an unnamed adapter";
}

/** A program on a device: its memory, and what is dispatched in every run. */
class WebGpuProgram implements DeviceProgram {
  readonly #device: GPUDevice;
  readonly #plan: MemoryPlan;
  readonly #banks: readonly GPUBuffer[];
  readonly #dispatches: readonly Dispatch[];
  readonly #offsets: GPUBuffer;
  #staging: GPUBuffer | undefined;

  constructor(device: GPUDevice, program: KernelProgram) {
    this.#device = device;
    const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
    const capacity = Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / 4);
    const textOf = (kernel: Kernel) => printWgsl(kernel, () => 0);
    const { launches, plan } = planProgram(program, textOf, capacity);
    this.#plan = plan;
    this.#banks = this.#plan.banks.map((size) =>
      device.createBuffer({ size: 4 * size, usage: STORAGE })
    );
    for (const source of program.sources) {
      if (source.data) this.write(source, wordsOf(source.data));
    }
    const { dispatches, offsets } = prepare(device, launches, this.#plan, this.#banks);
    this.#dispatches = dispatches;
    this.#offsets = offsets;
  }

  write(tensor: SourceTensor, words: Float32Array | Int32Array): void {
    // Deno ends in a panic where nothing is to be written.
    if (words.length === 0) return;
    const { bank, offset } = this.#plan.places.get(tensor)!;
    const bytes = words as Float32Array<ArrayBuffer>;
    this.#device.queue.writeBuffer(this.#banks[bank]!, 4 * offset, bytes);
  }

  enqueue(): void {
    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { pipeline, bindings, groups } of this.#dispatches) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindings);
      pass.dispatchWorkgroups(Math.min(groups, MOST_GROUPS), Math.ceil(groups / MOST_GROUPS));
    }
    pass.end();
    this.#device.queue.submit([encoder.finish()]);
  }

  async read(readings: readonly Reading[]): Promise<void> {
    const total = readings.reduce((sum, { into }) => sum + into.byteLength, 0);
    const staging = this.#stagingOf(total);
    const encoder = this.#device.createCommandEncoder();
    let end = 0;
    for (const { tensor, into } of readings) {
      const { bank, offset } = this.#plan.places.get(tensor)!;
      const bytes = into.byteLength;
      if (bytes > 0) {
        encoder.copyBufferToBuffer(this.#banks[bank]!, 4 * offset, staging, end, bytes);
      }
      end += bytes;
    }
    this.#device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const bytes = staging.getMappedRange();
    let at = 0;
    for (const { into } of readings) {
      const Type = into instanceof Float32Array ? Float32Array : Int32Array;
      into.set(new Type(bytes, at, into.length));
      at += into.byteLength;
    }
    staging.unmap();
  }

  release(): void {
    for (const buffer of [...this.#banks, this.#offsets]) buffer.destroy();
    this.#staging?.destroy();
  }

  /** The buffer that results pass through, at least so many bytes. */
  #stagingOf(bytes: number): GPUBuffer {
    if (this.#staging && this.#staging.size >= bytes) return this.#staging;
    this.#staging?.destroy();
    return this.#staging = this.#device.createBuffer({
      size: Math.max(4, bytes),
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
  }
}

interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
  readonly groups: number;
}

/** Compiles each text once, and binds it to the memory of its kernels. */
function prepare(
  device: GPUDevice,
  launches: readonly Launch[],
  { places }: MemoryPlan,
  banks: readonly GPUBuffer[],
): { dispatches: Dispatch[]; offsets: GPUBuffer } {
  const byId = new Map([...places].map(([{ id }, place]) => [id, place]));
  const bankOf = (id: number) => byId.get(id)!.bank;
  // Kernels side by side are one dispatch only where their tensors lie in the same banks.
  const parts = launches.flatMap(({ kernels }) =>
    [...Map.groupBy(kernels, (kernel) => printWgsl(kernel, bankOf))]
      .map(([text, kernels]) => ({ text, kernels }))
  );
  const alignment = device.limits.minStorageBufferOffsetAlignment / 4;
  const table: number[] = [];
  const starts = parts.map(({ kernels }) => {
    const start = table.length;
    for (const { reads, writes } of kernels) {
      for (const { id } of [...reads, ...writes]) table.push(byId.get(id)!.offset);
    }
    const length = table.length - start;
    while (table.length % alignment !== 0) table.push(0);
    return { start, length };
  });
  const offsets = device.createBuffer({ size: Math.max(4, 4 * table.length), usage: STORAGE });
  // Deno ends in a panic where nothing is to be written, as of a program whose tensors are all empty.
  if (table.length > 0) device.queue.writeBuffer(offsets, 0, Uint32Array.from(table));
  const pipelines = new Map<string, GPUComputePipeline>();
  const dispatches = parts.map(({ text, kernels }, i) => {
    const pipeline = pipelines.get(text) ?? compileText(device, text, kernels[0]!.name);
    pipelines.set(text, pipeline);
    const { start, length } = starts[i]!;
    const bound = banksOf(kernels[0]!, bankOf).map((bank) => ({ buffer: banks[bank]! }));
    const resources = [...bound, { buffer: offsets, offset: 4 * start, size: 4 * length }];
    const bindings = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: resources.map((resource, binding) => ({ binding, resource })),
    });
    const groups = kernels.length * kernels[0]!.workgroups;
    return { pipeline, bindings, groups };
  });
  return { dispatches, offsets };
}

function compileText(device: GPUDevice, code: string, label: string): GPUComputePipeline {
  const module = device.createShaderModule({ label, code });
  return device.createComputePipeline({
    label,
    layout: "auto",
    compute: { module, entryPoint: "main" },
  });
}
