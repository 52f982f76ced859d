/**
 * Whether a dataset's name is the path of data of one's own, rather than one of ours: a folder's has
 * a slash in it, a text file's a slash or a dot.
 */
export function isPath(dataset: string, modality: "image" | "text"): boolean {
  return (modality === "image" ? /[/\\]/ : /[./\\]/).test(dataset);
}
