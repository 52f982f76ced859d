import type { CallToolResult } from "@modelcontextprotocol/server";
import { AnySampleRequest } from "../experiments/mod.ts";
import { ADDING, defineTool } from "./define.ts";
import { detail, rareFieldsHelp, withRareFields } from "./fields.ts";
import { viewOf } from "./views.ts";

const input = withRareFields(AnySampleRequest.extend({ detail }));

export const sampleTool = defineTool({
  name: "sample",
  title: "Draw pictures or write text with a trained model",
  description:
    "Draws pictures with a trained run on images, or writes text with a run on text, and shows them: " +
    "look before you judge a run. It takes the newest checkpoint, also while the run is training. " +
    "Pictures come as a contact sheet, or a film strip of the denoising; give the person the link, " +
    "because a terminal shows no picture. One seed is the same starting noise for every run and " +
    "sampler, so that their pictures compare side by side. Fields that begin with Text are for runs " +
    `on text. ${rareFieldsHelp(AnySampleRequest)}`,
  input,
  annotations: ADDING,
  async run({ detail, ...request }, call): Promise<CallToolResult> {
    return await viewOf(call.lab.trainedRun(request.run)).sample(request, call, detail);
  },
});
