/**
 * The name in the model of an output: its own, if no input has it. ONNX has one space of names for
 * both, whereas a function may well return something new under an input's name.
 */
export function outputName(
  name: string,
  inputs: readonly string[],
  outputs: readonly string[],
): string {
  if (!inputs.includes(name)) return name;
  let other = `${name}/new`;
  while (inputs.includes(other) || outputs.includes(other)) other += "/new";
  return other;
}
