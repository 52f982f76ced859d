/**
 * The operators that ONNX Runtime's WebGPU provider computes on the device. All others it leaves to
 * the CPU, with copies there and back at every run.
 *
 * Source: the kernel classes in the library that onnxruntime-node 1.30.0 brings, whose C++ type names
 * are all in the namespaces onnxruntime::webgpu and onnxruntime::contrib::webgpu (the test beside
 * this table looks each of them up there), registered in
 * onnxruntime/core/providers/webgpu/webgpu_execution_provider.cc of microsoft/onnxruntime.
 */
export const WEBGPU_OPERATORS: Readonly<Record<string, string>> = {
  ...sameName(
    "Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh BatchNormalization Cast Ceil Clip " +
      "Concat Conv ConvTranspose Cos Cosh CumSum DepthToSpace Div Einsum Elu Equal Erf Exp Expand " +
      "Flatten Floor Gather GatherElements GatherND Gelu Gemm Greater GreaterOrEqual HardSigmoid " +
      "Identity LeakyRelu Less LessOrEqual Log MatMul Max Min Mul Neg Not Pad Pow Range Reciprocal " +
      "ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd " +
      "ReduceSum ReduceSumSquare Relu Reshape Resize ScatterElements ScatterND Shape Sigmoid Sin " +
      "Sinh Slice Softmax Softplus Split Sqrt Squeeze Sub Tan Tanh ThresholdedRelu Tile TopK " +
      "Transpose Trilu Unsqueeze Where",
  ),
  AveragePool: "Pool",
  MaxPool: "Pool",
  LayerNormalization: "LayerNorm",
  InstanceNormalization: "InstanceNorm",
  // An operator of ONNX Runtime's own whose kernel stands among the standard ones.
  "com.microsoft.QuickGelu": "QuickGelu",
  "com.microsoft.BiasGelu": "com.microsoft.BiasGelu",
  "com.microsoft.FastGelu": "com.microsoft.FastGelu",
};

function sameName(names: string): Record<string, string> {
  return Object.fromEntries(names.split(" ").map((name) => [name, name]));
}

/** The names of the classes in the provider's namespaces, "com.microsoft." before contributed ones. */
export function classesIn(library: Uint8Array): Set<string> {
  // Mangled names: the number of characters, then the characters.
  const text = new TextDecoder("latin1").decode(library);
  const names = text.matchAll(/N11onnxruntime(7contrib)?6webgpu(\d+)/g);
  return new Set(
    [...names].map(({ 0: all, 1: contributed, 2: length, index }) =>
      (contributed ? "com.microsoft." : "") +
      text.slice(index + all.length, index + all.length + Number(length))
    ),
  );
}
