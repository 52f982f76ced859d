"""Writes a safetensors file with the official package, and prints its tensors' bytes as JSON."""

import json
import sys

import numpy
from safetensors.numpy import save_file

special = [0.0, -0.0, 1.5, float("inf"), float("-inf"), float("nan"), 1e-45, 3.4e38]
tensors = {
    "weights": numpy.arange(24, dtype=numpy.float32).reshape(2, 3, 4) / 7,
    "special": numpy.array(special, dtype=numpy.float32),
    "scalar": numpy.array(2.5, dtype=numpy.float32),
    "empty": numpy.zeros((0, 3), dtype=numpy.float32),
    "labels": numpy.array([-1, 0, 2**31 - 1, -2**31], dtype=numpy.int32),
}
save_file(tensors, sys.argv[1], metadata={"kind": "test", "über": "α → ω"})

print(json.dumps({
    name: {"shape": list(tensor.shape), "bytes": tensor.tobytes().hex()}
    for name, tensor in tensors.items()
}))
