import { AnyEvaluateRequest } from "../experiments/mod.ts";
import { ADDING, defineTool } from "./define.ts";
import { rareFieldsHelp, waitSeconds, withRareFields } from "./fields.ts";
import { requestedJob } from "./jobs.ts";
import { askBeforeEvaluation } from "./questions.ts";

const input = withRareFields(AnyEvaluateRequest.extend({ wait_seconds: waitSeconds() }));

export const evaluateTool = defineTool({
  name: "evaluate",
  title: "Measure a run's pictures, or its text",
  description:
    "Measures how good the pictures or the text of a run are, and keeps the result with the run; it " +
    "takes a minute or more, and after wait_seconds answers with a job's id, for inspect-run. " +
    "Pictures: by a classifier (that of a new data set is trained first, in minutes) the Fréchet " +
    "distance beside the floor of real pictures, accuracy of the classes asked for, precision, recall, " +
    "and copies of training images. Text: nats per character of held-out text by block size, beside 1- to " +
    "6-gram models, and statistics beside real text. Compare only at the same count; a difference " +
    "within two standard deviations is no finding. " +
    rareFieldsHelp(AnyEvaluateRequest),
  input,
  annotations: ADDING,
  needsWeights: true,
  async run({ wait_seconds, ...request }, call) {
    const question = askBeforeEvaluation(request, call);
    if (question) return question;
    return await requestedJob("evaluate", request, wait_seconds, call);
  },
});
