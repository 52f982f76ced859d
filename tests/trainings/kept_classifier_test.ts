/** The classifier that the first evaluation of a data set trains and keeps. */
import { testInOwnCache } from "../experiments/own_cache/process.ts";

testInOwnCache("kept_classifier");
