"""Training steps of the benchmarked networks in PyTorch on a GPU: eager, and compiled with the whole
step captured as one CUDA graph, which is the fastest that PyTorch reaches.

Prints one line of JSON for each. Usage: gpu_steps.py WORKLOAD BATCH [...], workloads unet and transformer.
"""

import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
from networks import Transformer, UNet

STEPS = 30


def unet(batch):
    net = UNet()
    z, eps = torch.randn(batch, 1, 28, 28), torch.randn(batch, 1, 28, 28)
    angle, labels = torch.rand(batch), torch.randint(0, 11, (batch,))
    return net, lambda: ((net(z, angle, labels) - eps) ** 2).mean()


def transformer(batch, length=128, symbols=65):
    net = Transformer(symbols, length)
    tokens, targets = torch.randint(0, symbols, (2, batch, length))
    return net, lambda: F.cross_entropy(net(tokens).view(-1, symbols), targets.reshape(-1))


def eager(net, loss):
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3)

    def step():
        optimizer.zero_grad()
        loss().backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()

    return step


def captured(net, loss):
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3, fused=True, capturable=True)
    compiled = torch.compile(loss)

    def step():
        optimizer.zero_grad(set_to_none=False)
        compiled().backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0, foreach=True)
        optimizer.step()

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(5):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def timed(step):
    """Milliseconds of a step, without waiting in between."""
    for _ in range(5):
        step()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(STEPS):
        step()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) * 1e3 / STEPS


def main():
    torch.set_default_device("cuda")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    card = torch.cuda.get_device_name()
    for name, batch in zip(sys.argv[1::2], map(int, sys.argv[2::2])):
        for way in (eager, captured):
            result = {"workload": f"{name} {batch}", "peer": way.__name__}
            try:
                torch.manual_seed(0)
                result["milliseconds"] = timed(way(*{"unet": unet, "transformer": transformer}[name](batch)))
            except Exception as error:
                result["trouble"] = str(error).split("\n")[0][:200]
            print(json.dumps({**result, "card": card, "version": torch.__version__}), flush=True)


main()
