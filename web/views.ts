/** How the pages show runs of each modality. */
import type { Modality, Run } from "../experiments/mod.ts";
import { imageView } from "./image_view.tsx";
import { textView } from "./text_view.tsx";
import type { ModalityView } from "./modality_view.ts";

const views: { readonly [Name in Modality["name"]]: ModalityView } = {
  image: imageView,
  text: textView,
};

/** The view of the modality of this name. */
export function viewNamed(name: Modality["name"]): ModalityView {
  return views[name];
}

export function viewOf({ config }: Pick<Run, "config">): ModalityView {
  return views[config.modality];
}
