/** Entry of the process that evaluates runs on text; its work is loaded inside, so that a failure to load is answered. */
import { answerJob } from "../run/jobs.ts";

await answerJob(() => import("./evaluation_job.ts"));
