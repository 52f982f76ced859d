/** The command line's words; each is loaded only when it is used. */
import type { Command } from "./command.ts";

interface Entry {
  readonly usage: string;
  readonly summary: string;
  readonly load: () => Promise<{ run: Command }>;
}

export const commands: Readonly<Record<string, Entry>> = {
  start: {
    usage: "start [--port 8765] [--host 127.0.0.1]",
    summary: "MCP at /mcp and the viewer at / on one port",
    load: () => import("./start.ts"),
  },
  mcp: {
    usage: "mcp [--no-viewer]",
    summary: "MCP over stdio, with the viewer on a free port",
    load: () => import("./mcp.ts"),
  },
  setup: {
    usage: "setup",
    summary: "fetch every package that server, viewer, demo and training need",
    load: () => import("./setup.ts"),
  },
  demo: {
    usage: "demo [--no-viewer]",
    summary: "the whole loop: data, training, samples, viewer",
    load: () => import("./demo.ts"),
  },
  train: {
    usage: "train [--preset mnist-small] [--set steps=500] [--grid schedule=linear,cosine] " +
      "[--seeds 0,1] [--label TEXT] [--resume RUN] [--detach]",
    summary: "train a run or a sweep",
    load: () => import("./train.ts"),
  },
  sample: {
    usage: "sample RUN [--count 20] [--sampler ddim] [--steps 50] [--guidance-scale 1] " +
      "[--class 3,7] [--seed 0] [--eta 0] [--keep left --pictures 0,1] [--strength 0.5] [--film-strip] [--out FILE.png]; of a run on text: " +
      "[--mode blocks] [--prompt TEXT] [--length 200] [--block-size 16] [--temperature 0.7] " +
      "[--template TE_T]",
    summary: "draw pictures from a run, or write text",
    load: () => import("./sample.ts"),
  },
  evaluate: {
    usage: "evaluate RUN [--count 1000] [--sampler ddim] [--steps 25] [--guidance-scale 1] " +
      "[--seed 0]",
    summary: "measure a run's pictures",
    load: () => import("./evaluate.ts"),
  },
  compare: {
    usage: "compare RUN RUN... | --sweep SWEEP",
    summary: "rank runs",
    load: () => import("./compare.ts"),
  },
  inspect: {
    usage: "inspect [RUN]",
    summary: "list runs, or look at one",
    load: () => import("./inspect.ts"),
  },
  stop: {
    usage: "stop RUN... | --all",
    summary: "stop runs, keeping a checkpoint",
    load: () => import("./stop.ts"),
  },
};

/** What `help` prints. */
export function helpText(): string {
  const entries = Object.values(commands)
    .map(({ usage, summary }) => `  ${usage}\n      ${summary}`).join("\n");
  return `TextDiffusion: a laboratory for diffusion models that an AI coding assistant drives

Usage: deno task COMMAND [OPTIONS]

${entries}

Options of all commands:
  --workspace DIR   where runs are kept (default TEXTDIFFUSION_WORKSPACE, else ./workspace)
  --data DIR        data sets that are at hand, e.g. DIR/mnist/*.gz (default TEXTDIFFUSION_DATA)
  --device NAME     auto, cpu, webgpu, cuda, ... (default auto)
  --json            machine-readable output of train, sample, evaluate, compare, inspect, stop
`;
}
