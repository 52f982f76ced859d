"""Checks an ONNX model with the official checker, and prints what it saw as JSON.

The checker knows the schemas of the standard domain only. Of nodes of com.microsoft it checks that
names, inputs and the order of nodes are sound, but neither attributes nor types, and shape inference
stops behind them. So the model is checked as it is, and then once more with a standard node of the
same shape in place of each such node: there, every type and every shape must be inferred.
"""

import json
import sys

import onnx
from onnx import helper


def attribute(node, name):
    return next((a.i for a in node.attribute if a.name == name), 0)


def standard(node):
    """A node of the standard domain that takes and gives the same shapes."""
    if node.domain == "":
        return node
    if node.op_type == "QuickGelu":
        return helper.make_node("Sigmoid", node.input, node.output)
    if node.op_type == "FusedMatMul":
        left = "ji" if attribute(node, "transA") else "ij"
        right = "kj" if attribute(node, "transB") else "jk"
        equation = f"...{left},...{right}->...ik"
        return helper.make_node("Einsum", node.input, node.output, equation=equation)
    raise ValueError(f"No standard node stands for {node.domain} {node.op_type}")


def shape(value):
    return [dim.dim_value for dim in value.type.tensor_type.shape.dim]


model = onnx.load(sys.argv[1])
onnx.checker.check_model(model, full_check=True)
nodes = list(model.graph.node)

twin = onnx.ModelProto()
twin.CopyFrom(model)
del twin.graph.node[:]
twin.graph.node.extend(standard(node) for node in nodes)
onnx.checker.check_model(twin, full_check=True)
# Strict mode raises where what is inferred contradicts itself or the stated outputs.
inferred = onnx.shape_inference.infer_shapes(twin, check_type=True, strict_mode=True, data_prop=True)
values = [*inferred.graph.value_info, *inferred.graph.output]
known = {value.name for value in values if 0 not in shape(value)}

print(json.dumps({
    "nodes": len(nodes),
    "inferred": sum(all(name in known for name in node.output if name) for node in nodes),
    "operators": sorted({f"{node.domain}.{node.op_type}" for node in nodes if node.domain}),
    "inputs": {value.name: shape(value) for value in model.graph.input},
    "outputs": {value.name: shape(value) for value in model.graph.output},
}))
