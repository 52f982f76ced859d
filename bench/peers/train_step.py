"""Training steps of the benchmarked networks in PyTorch, timed one at a time.

Reads a line from standard input for each step to take and answers with its milliseconds, so that
two frameworks can take turns on one machine. Usage: train_step.py unet|transformer|text-autoregressive|text-diffusion THREADS
"""

import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
from networks import Transformer, UNet, text_loss


def unet_loss(batch=64):
    net = UNet()
    z, eps = torch.randn(batch, 1, 28, 28), torch.randn(batch, 1, 28, 28)
    angle, labels = torch.rand(batch), torch.randint(0, 11, (batch,))
    return net, lambda: ((net(z, angle, labels) - eps) ** 2).mean()


def transformer_loss(batch=32, length=128, symbols=65):
    net = Transformer(symbols, length)
    tokens = torch.randint(0, symbols, (batch, length))
    targets = torch.randint(0, symbols, (batch, length))
    return net, lambda: F.cross_entropy(net(tokens).view(-1, symbols), targets.view(-1))


LOSSES = {
    "unet": unet_loss,
    "transformer": transformer_loss,
    "text-autoregressive": lambda: text_loss(reads=True, noisy=False),
    "text-diffusion": lambda: text_loss(reads=False, noisy=True),
}


def main():
    torch.set_num_threads(int(sys.argv[2]))
    torch.manual_seed(0)
    net, loss = LOSSES[sys.argv[1]]()
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3)
    count = sum(p.numel() for p in net.parameters())
    print(f"{count} {torch.__version__}", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        optimizer.zero_grad()
        loss().backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        print((time.perf_counter() - start) * 1e3, flush=True)


main()
