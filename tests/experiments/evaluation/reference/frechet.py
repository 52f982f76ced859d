"""Writes frechet.json: the Fréchet distance of a fixed example by numpy and scipy.

    python3 tests/experiments/evaluation/reference/frechet.py
"""

import json
import pathlib

import numpy
import scipy
from scipy.linalg import sqrtm


def scattered(count, dimensions, prime):
    """i³ mod prime, scaled to [0, 1): exact in every language, and of full rank."""
    index = numpy.arange(count * dimensions)
    return (index**3 % prime / prime).reshape(count, dimensions)


first = scattered(40, 5, 101)
second = 0.5 + 1.5 * scattered(30, 5, 89) ** 3
shift = ((first.mean(0) - second.mean(0)) ** 2).sum()
a, b = numpy.cov(first.T), numpy.cov(second.T)
distance = shift + numpy.trace(a) + numpy.trace(b) - 2 * numpy.trace(sqrtm(a @ b)).real
print(distance)
path = pathlib.Path(__file__).with_suffix(".json")
source = f"numpy {numpy.__version__}, scipy {scipy.__version__}"
path.write_text(json.dumps({"source": source, "distance": float(distance)}, indent=2) + "\n")
