import type { CallToolResult } from "@modelcontextprotocol/server";
import { AnySampleRequest } from "../experiments/mod.ts";
import { ADDING, defineTool } from "./define.ts";
import { viewOf } from "./views.ts";

export const sampleTool = defineTool({
  name: "sample",
  title: "Draw pictures or write text with a trained model",
  description:
    "Draws pictures from a run's newest checkpoint (moving average of the weights) and answers with " +
    "one contact-sheet PNG, or a film strip of the denoising; from a run on text, writes text and " +
    "answers with it. Works while the run is still " +
    "training. The same seed gives the same starting noise for every run and sampler, so pictures " +
    "can be compared side by side.",
  input: AnySampleRequest,
  annotations: ADDING,
  async run(request, call): Promise<CallToolResult> {
    return await viewOf(call.lab.run(request.run)).sample(request, call);
  },
});
