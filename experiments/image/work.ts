/** What runs on images do with tensors. */
import { imageConfigOf } from "../config/mod.ts";
import type { ModalityWork } from "../run/modality.ts";
import { imageSubject } from "./training.ts";

export const imageWork: ModalityWork = {
  openSubject: (config, options) =>
    imageSubject(imageConfigOf({ id: "The configuration", config }), options),
};
