"""Training steps of the benchmarked networks in PyTorch, timed one at a time.

Reads a line from standard input for each step to take and answers with its milliseconds, so that
two frameworks can take turns on one machine. Usage: train_step.py unet|transformer|text-autoregressive|text-diffusion THREADS
"""

import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
from networks import TextNetwork, Transformer, UNet


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


def text_autoregressive_loss(batch=32, length=128, symbols=65):
    net = TextNetwork(noisy=False)
    tokens = torch.randint(0, symbols, (batch, length))
    return net, lambda: F.cross_entropy(net.read(tokens[:, :-1]).reshape(-1, symbols), tokens.view(-1))


def text_diffusion_loss(batch=32, length=128, symbols=65):
    net = TextNetwork(noisy=True)
    tokens = torch.randint(0, symbols, (batch, length))
    eps, gamma = torch.randn(batch, length, 16), torch.linspace(-4, 5, batch)
    alpha, sigma = torch.sigmoid(-gamma).sqrt()[:, None, None], torch.sigmoid(gamma).sqrt()[:, None, None]
    rows = batch // 4

    def loss():
        e = net.embeddings()
        clean = e[tokens]
        z = alpha * clean + sigma * eps
        previous = torch.zeros_like(eps)
        with torch.no_grad():
            first = net.denoise(z[:rows], gamma[:rows], previous[:rows])
            previous[:rows] = first.softmax(-1) @ e
        logits = net.denoise(z, gamma, previous)
        error = ((clean - logits.softmax(-1) @ e) ** 2).sum(-1).mean(1)
        rounding = F.cross_entropy(logits.transpose(1, 2), tokens, reduction="none").mean(1)
        return (torch.exp(-gamma) * error + rounding).mean()

    return net, loss


LOSSES = {
    "unet": unet_loss,
    "transformer": transformer_loss,
    "text-autoregressive": text_autoregressive_loss,
    "text-diffusion": text_diffusion_loss,
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
