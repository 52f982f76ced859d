"""64 digits by 50 guided DDIM steps in PyTorch, timed one sample at a time.

Reads a line from standard input for each sample to draw and answers with its milliseconds, so that
two frameworks can take turns on one machine. Usage: sample_digits.py THREADS
"""

import math
import sys
import time

import torch
from networks import UNet

COUNT, STEPS, GUIDANCE, NO_CLASS = 64, 50, 2.0, 10


def angle_and_amplitudes(t):
    """The cosine schedule: z = cos(a) x + sin(a) eps."""
    a = (t + 0.008) / 1.008 * math.pi / 2
    return a, math.cos(a), math.sin(a)


@torch.inference_mode()
def draw(net, count=COUNT, steps=STEPS):
    labels = torch.arange(count) % 10
    both = torch.cat([labels, torch.full_like(labels, NO_CLASS)])
    z = torch.randn(count, 1, 28, 28)
    for k in range(steps):
        a, alpha, sigma = angle_and_amplitudes(0.999 * (1 - k / steps))
        _, next_alpha, next_sigma = angle_and_amplitudes(0.999 * (1 - (k + 1) / steps))
        v = net(torch.cat([z, z]), torch.full((2 * count,), a), both)
        conditional, unconditional = v.chunk(2)
        v = unconditional + GUIDANCE * (conditional - unconditional)
        x = (alpha * z - sigma * v).clamp(-1, 1)
        eps = (z - alpha * x) / sigma
        z = next_alpha * x + next_sigma * eps
    return z


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(0)
    net = UNet().eval()
    count = sum(p.numel() for p in net.parameters())
    print(f"{count} {torch.__version__}", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        draw(net)
        print((time.perf_counter() - start) * 1e3, flush=True)


if __name__ == "__main__":
    main()
