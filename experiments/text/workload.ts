/** What writing costs: how often the network is asked, and with which program. */
import type { Parameters, Workload } from "../../engine/mod.ts";
import type { TextNetwork } from "../../models/text/network/mod.ts";
import type { WriteSettings } from "../types.ts";
import { compileReader, compileWriter } from "./model.ts";

/** How often the network is asked while texts are written together, about. */
export function networkEvaluations(settings: WriteSettings): number {
  const { mode, length, block_size, steps, rounds } = settings;
  const blocks = Math.ceil(length / block_size) * (steps + 1);
  return {
    autoregressive: length,
    diffusion: steps + 1,
    infill: steps + 1,
    blocks,
    guided: blocks + length,
    revised: blocks + rounds * 4 * steps,
  }[mode];
}

/**
 * The work of writing, by which a device is chosen: the program that most of the time goes to.
 *
 * @param count Texts written together.
 * @param batches How often as many are written.
 */
export function writingWorkload(
  network: TextNetwork,
  ema: Parameters,
  settings: WriteSettings,
  { count, batches }: { readonly count: number; readonly batches: number },
): Workload {
  const { noisy, masked, context } = network.options;
  const { mode, length, block_size: block, prompt, template } = settings;
  const inBlocks = mode === "blocks" || mode === "guided" || mode === "revised";
  const whole = template?.length ?? prompt.length + length;
  return {
    compile: (engine) =>
      mode === "autoregressive" || !(noisy || masked)
        ? compileReader(engine, network, ema, count)
        : compileWriter(engine, network, ema, count, Math.min(context, inBlocks ? block : whole)),
    runs: batches * networkEvaluations(settings),
  };
}
