/** Entry of the writing process; its work is loaded inside, so that a failure to load is answered. */
import { answerJob } from "../run/jobs.ts";

await answerJob(() => import("./sampling_job.ts"));
