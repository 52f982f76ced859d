"""The rows of the GPU benchmark in PyTorch: training steps, and drawing digits by guided DDIM.

    gpu_rows.py eager ROUNDS STEPS [--on-processor] ceilings ceilings-tf32 unet:64 digits:64 ...
    gpu_rows.py compiled ROUNDS STEPS [--on-processor] unet:64

The first measures each row as it is usually written. The second compiles one row, says that it is ready,
and when it is sent a line measures it compiled, and with the whole step, or the whole sampling loop,
captured as one CUDA graph, which is the fastest that PyTorch reaches. Every answer is one line of JSON.
"""

import argparse
import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
from networks import Transformer, UNet, text_loss
from sample_digits import draw


def unet(batch):
    net = UNet()
    z, eps = torch.randn(batch, 1, 28, 28), torch.randn(batch, 1, 28, 28)
    angle, labels = torch.rand(batch), torch.randint(0, 11, (batch,))
    return net, lambda: ((net(z, angle, labels) - eps) ** 2).mean()


def transformer(batch, length=128, symbols=65):
    net = Transformer(symbols, length)
    tokens, targets = torch.randint(0, symbols, (2, batch, length))
    return net, lambda: F.cross_entropy(net(tokens).view(-1, symbols), targets.reshape(-1))


WORK = {
    "unet": unet,
    "transformer": transformer,
    "text-blocks": lambda batch: text_loss(True, True, batch),
    "shakespeare-base": lambda batch: text_loss(True, False, batch, 256, width=384, layers=6, heads=6),
}


def training_step(net, loss, on_card):
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3, fused=on_card, capturable=on_card)

    def step():
        optimizer.zero_grad(set_to_none=False)
        loss().backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0, foreach=on_card)
        optimizer.step()

    return step


def prepared(work, count, steps, compiled, on_card):
    """A function that does the work once."""
    torch.manual_seed(0)
    if work == "digits":
        net = UNet().eval()
        fast = torch.compile(net) if compiled else net
        return lambda: draw(fast, count, steps)
    net, loss = WORK[work](count)
    if not compiled:
        # As it is usually written, with nothing chosen for graphs.
        optimizer = torch.optim.AdamW(net.parameters(), 1e-3)

        def step():
            optimizer.zero_grad()
            loss().backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()

        return step
    return training_step(net, torch.compile(loss), on_card)


def captured(once):
    if not torch.cuda.is_available():
        raise RuntimeError("only a card has graphs")
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        once()
    return graph.replay


def wait():
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def timed(once, rounds):
    """Milliseconds of one, without waiting in between."""
    once()
    wait()
    start = time.perf_counter()
    for _ in range(rounds):
        once()
    wait()
    return (time.perf_counter() - start) * 1e3 / rounds


def tell(**line):
    print(json.dumps(line), flush=True)


def measured(row, make, rounds, compiling=0.0):
    """Tells what a row takes; `make` gives the function that does it once, compiled in so many seconds."""
    name = row.replace(":", " ")
    if row.startswith("digits"):
        rounds = max(1, rounds // 10)
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    try:
        began = time.perf_counter()
        once = make()
        once()
        wait()
        ready = compiling + time.perf_counter() - began
        line = dict(milliseconds=timed(once, rounds), ready=ready)
        if torch.cuda.is_available():
            line["memory"] = torch.cuda.max_memory_allocated()
    except Exception as error:
        line = dict(trouble=str(error).split("\n")[0][:200])
    tell(row=name, **line)


def in_tf32(allowed):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed


def ceilings(row, rounds):
    """Bytes a second of a copy, and operations a second of a product, in float32 or tf32."""
    in_tf32(row == "ceilings-tf32")
    x, a = torch.randn(2**26), torch.randn(4096, 4096)
    y, b = torch.empty_like(x), torch.empty_like(a)
    copy = timed(lambda: y.copy_(x), rounds)
    product = timed(lambda: torch.mm(a, a, out=b), rounds)
    in_tf32(False)
    tell(row=row, ceilings=dict(copy=8 * 2**26 / copy * 1e3, product=2 * 4096**3 / product * 1e3))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=["eager", "compiled"])
    parser.add_argument("rounds", type=int)
    parser.add_argument("steps", type=int)
    parser.add_argument("rows", nargs="+")
    parser.add_argument("--on-processor", action="store_true")
    asked = parser.parse_args()
    on_card = torch.cuda.is_available()
    if not on_card and not asked.on_processor:
        return tell(trouble=f"PyTorch {torch.__version__} finds no CUDA device here")
    if on_card:
        torch.set_default_device("cuda")
        in_tf32(False)
    where = torch.cuda.get_device_name() if on_card else "the processor, as a rehearsal: no CUDA device"
    tell(description=f"PyTorch {torch.__version__} on {where}")

    def make(row, compiled):
        work, count = row.split(":")
        return prepared(work, int(count), asked.steps, compiled, on_card)

    if asked.way == "eager":
        for row in asked.rows:
            if not row.startswith("ceilings"):
                measured(row, lambda: make(row, False), asked.rounds)
            elif on_card:
                ceilings(row, asked.rounds)
            else:
                tell(row=row, trouble="measured on a card only")
        return
    (row,) = asked.rows
    if on_card:
        # What is to be captured must not have run on the default stream before.
        torch.cuda.set_stream(torch.cuda.Stream())
    began = time.perf_counter()
    once = make(row, True)
    for _ in range(3):
        once()
    wait()
    compiling = time.perf_counter() - began
    tell(ready=compiling)
    sys.stdin.readline()
    measured(row, lambda: once, asked.rounds, compiling)
    measured(row, lambda: captured(once), asked.rounds, compiling)


main()
