/** Entry of the process that evaluates runs on text; its work is loaded inside, so that a failure to load is answered. */
import { answerJob } from "../../jobs/answer.ts";

await answerJob(() => import("./job.ts"));
