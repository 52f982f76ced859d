/**
 * The device cuda on a card that is played: the text and the calls are those for a real one. With
 * `deno task test:ptx -- --card`, the tests that compare results take the card of this machine.
 */
import { openCompiledEngine } from "../../engine/compiled.ts";
import { openCuda } from "../../engine/kernels/cuda.ts";
import { openCard } from "../../engine/kernels/cuda_driver.ts";
import { runtimeOn } from "../../engine/kernels/runtime.ts";
import type { Engine, Precision } from "../../engine/mod.ts";
import { type PlayedCard, playedDriver } from "./driver.ts";

export function playedEngine(precision: Precision = "float32", card: PlayedCard = {}): Engine {
  const opened = openCard(precision, playedDriver(card));
  return openCompiledEngine(runtimeOn(openCuda(precision, opened)));
}

/** The card of this machine if the tests were asked to use it, and a played one otherwise. */
export function cudaEngine(precision: Precision = "float32"): Engine {
  return Deno.args.includes("--card")
    ? openCompiledEngine(runtimeOn(openCuda(precision)))
    : playedEngine(precision);
}
