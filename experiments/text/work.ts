/** What runs on text do with tensors. */
import { textConfigOf } from "../config/mod.ts";
import type { ModalityWork } from "../run/modality.ts";
import { textSubject } from "./training.ts";

export const textWork: ModalityWork = {
  openSubject: (config, options) =>
    textSubject(textConfigOf({ id: "The configuration", config }), options),
};
