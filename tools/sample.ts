import { AnySampleRequest } from "../experiments/mod.ts";
import { ADDING, defineTool } from "./define.ts";
import { detail, rareFieldsHelp, waitSeconds, withRareFields } from "./fields.ts";
import { requestedJob } from "./jobs.ts";

const input = withRareFields(AnySampleRequest.extend({ detail, wait_seconds: waitSeconds() }));

export const sampleTool = defineTool({
  name: "sample",
  title: "Draw pictures or write text with a trained model",
  description:
    "Draws pictures with a trained run on images, or writes text with a run on text, from its newest " +
    "checkpoint, also while it trains: look before you judge. After wait_seconds it answers with a " +
    "job's id, for inspect-run, and goes on. Pictures come as a contact sheet or a film strip of the " +
    "denoising; give the person the link, because a terminal shows no picture. One seed is the same " +
    "starting noise for every run and sampler, so that their pictures compare. Fields that begin with " +
    "Text are for runs on text. " +
    rareFieldsHelp(AnySampleRequest),
  input,
  annotations: ADDING,
  needsWeights: true,
  async run({ detail, wait_seconds, ...request }, call) {
    return await requestedJob("sample", request, wait_seconds, call, detail);
  },
});
