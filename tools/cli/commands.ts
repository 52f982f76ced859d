/** The command line's words; each is loaded only when it is used. */
import type { Command } from "./command.ts";

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

export const commands: Readonly<Record<string, Entry>> = {
  start: {
    summary: "MCP at /mcp and the viewer at / on one port",
    load: () => import("./start.ts"),
  },
  mcp: {
    summary: "MCP over stdio, with the viewer on a free port",
    load: () => import("./mcp.ts"),
  },
  setup: {
    summary: "Fetch every package that server, viewer, demo and training need",
    load: () => import("./setup.ts"),
  },
  demo: {
    summary: "The whole loop: data, training, samples, viewer",
    load: () => import("./demo.ts"),
  },
  train: { summary: "Train a run or a sweep", load: () => import("./train.ts") },
  sample: {
    summary: "Draw pictures from a run, or write text",
    load: () => import("./sample.ts"),
  },
  evaluate: {
    summary: "Measure a run's pictures, or its text",
    load: () => import("./evaluate.ts"),
  },
  compare: { summary: "Rank runs", load: () => import("./compare.ts") },
  inspect: { summary: "List runs, or look at one", load: () => import("./inspect.ts") },
  stop: { summary: "Stop runs, keeping a checkpoint", load: () => import("./stop.ts") },
};
