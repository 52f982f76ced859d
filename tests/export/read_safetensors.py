"""Reads a safetensors file with the official package, and prints its content as JSON."""

import json
import sys

from safetensors import safe_open

with safe_open(sys.argv[1], framework="numpy") as file:
    tensors = {name: file.get_tensor(name) for name in file.keys()}
    metadata = file.metadata()

print(json.dumps({
    "metadata": metadata,
    "tensors": {
        name: {
            "dtype": str(tensor.dtype),
            "shape": list(tensor.shape),
            # Bytes rather than numbers: no digit is lost, and NaN and -0 stay themselves.
            "bytes": tensor.tobytes().hex(),
        }
        for name, tensor in tensors.items()
    },
}))
