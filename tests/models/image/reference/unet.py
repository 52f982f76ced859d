"""Writes unet.json: outputs and gradients of the UNet as PyTorch computes them, in float64.

An implementation of its own, from PyTorch's modules, to compare models/image/unet.ts with:

    python3 tests/models/image/reference/unet.py > tests/models/image/reference/unet.json

Parameters and inputs are not stored: both sides compute them from the same formula (`wave`).
"""

import json
import math

import torch
from torch import nn
from torch.nn import functional as F

WIDTH = 8
torch.set_default_dtype(torch.float64)


def wave(name, count):
    """sin(0.37 i + h) with h a hash of the name."""
    h = sum((i + 1) * ord(letter) for i, letter in enumerate(name)) % 997
    return torch.sin(0.37 * torch.arange(count) + h)


def group_norm(channels):
    return nn.GroupNorm(min(8, channels // 4), channels)


class Block(nn.Module):
    def __init__(self, inputs, outputs, condition):
        super().__init__()
        self.norm1 = group_norm(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.condition = nn.Linear(condition, outputs)
        self.norm2 = group_norm(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        if inputs != outputs:
            self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x, e):
        h = self.conv1(F.silu(self.norm1(x))) + self.condition(e)[:, :, None, None]
        h = self.conv2(F.silu(self.norm2(h)))
        return h + (self.shortcut(x) if hasattr(self, "shortcut") else x)


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = group_norm(channels)
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)
        self.value = nn.Linear(channels, channels)
        self.output = nn.Linear(channels, channels)

    def forward(self, x):
        pixels = self.norm(x).flatten(2).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(
            self.query(pixels), self.key(pixels), self.value(pixels)
        )
        return x + self.output(mixed).transpose(1, 2).reshape(x.shape)


class Condition(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.linear1 = nn.Linear(c, 4 * c)
        self.linear2 = nn.Linear(4 * c, 4 * c)
        self.add_module("class", nn.Embedding(11, 4 * c))

    def forward(self, angle, labels):
        half = self.c // 2
        frequencies = torch.exp(-math.log(10000) * torch.arange(half) / half)
        phase = 1000 * angle[:, None] * frequencies
        features = torch.cat([phase.sin(), phase.cos()], 1)
        level = self.linear2(F.silu(self.linear1(features)))
        return F.silu(level + self.get_submodule("class")(labels))


class Leave(nn.Conv2d):
    def __init__(self, c):
        super().__init__(c, 1, 3, padding=1)
        self.norm = group_norm(c)

    def forward(self, x):
        return super().forward(F.silu(self.norm(x)))


class Unet(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.condition = Condition(c)
        self.enter = nn.Conv2d(1, c, 3, padding=1)
        self.down1 = Block(c, c, 4 * c)
        self.shrink1 = nn.Conv2d(c, c, 3, 2, 1)
        self.down2 = Block(c, 2 * c, 4 * c)
        self.shrink2 = nn.Conv2d(2 * c, 2 * c, 3, 2, 1)
        self.middle1 = Block(2 * c, 2 * c, 4 * c)
        self.attend = Attention(2 * c)
        self.middle2 = Block(2 * c, 2 * c, 4 * c)
        self.grow2 = nn.Conv2d(2 * c, 2 * c, 3, padding=1)
        self.up2 = Block(4 * c, 2 * c, 4 * c)
        self.grow1 = nn.Conv2d(2 * c, c, 3, padding=1)
        self.up1 = Block(2 * c, c, 4 * c)
        self.leave = Leave(c)

    def forward(self, z, angle, labels):
        e = self.condition(angle, labels)
        full = self.down1(self.enter(z), e)
        half = self.down2(self.shrink1(full), e)
        h = self.middle1(self.shrink2(half), e)
        h = self.middle2(self.attend(h), e)
        h = self.grow2(F.interpolate(h, scale_factor=2))
        h = self.up2(torch.cat([h, half], 1), e)
        h = self.grow1(F.interpolate(h, scale_factor=2))
        h = self.up1(torch.cat([h, full], 1), e)
        return self.leave(h)


def to_our_layout(name, tensor):
    """Convolutions as [height, width, in, out] and linear layers as [in, out]."""
    if tensor.ndim == 4:
        return tensor.permute(2, 3, 1, 0)
    return tensor.T if tensor.ndim == 2 and "class" not in name else tensor


def fill(network):
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            ours = to_our_layout(name, parameter)
            values = wave(name, parameter.numel()).reshape(ours.shape)
            if parameter.ndim > 1:
                values = values * math.sqrt(2 / math.prod(ours.shape[:-1]))
            else:
                values = 0.1 * values + (1.0 if "norm" in name and name.endswith("weight") else 0)
            ours.copy_(values)


network = Unet(WIDTH)
fill(network)
count, pixels = 2, 28 * 28
z = wave("z", count * pixels).reshape(count, 1, 28, 28)
goal = wave("goal", count * pixels).reshape(count, 1, 28, 28)
# Multiples of 1/32: 1000 times them has no rounding in float32 either.
angle, labels = torch.tensor([6 / 32, 27 / 32]), torch.tensor([3, 10])
output = network(z, angle, labels)
loss = ((output - goal) ** 2).mean()
loss.backward()

gradients = {}
for name, parameter in network.named_parameters():
    gradient = to_our_layout(name, parameter.grad).flatten()
    probe = wave("probe", gradient.numel())
    gradients[name] = [gradient.norm().item(), (gradient @ probe / probe.norm()).item()]

rounded = lambda value: float(f"{value:.9g}")
print(
    json.dumps(
        {
            "source": f"unet.py beside this file, torch {torch.__version__}, float64",
            "width": WIDTH,
            "angle": angle.tolist(),
            "labels": labels.tolist(),
            "parameterCounts": {
                str(c): sum(p.numel() for p in Unet(c).parameters()) for c in (8, 16, 32)
            },
            "outputNorm": rounded(output.norm().item()),
            # Every 7th value, which meets all rows and columns.
            "output": [rounded(value) for value in output.flatten()[::7].tolist()],
            "loss": rounded(loss.item()),
            # Norm, and component along wave("probe").
            "gradients": {
                name: [rounded(value) for value in pair] for name, pair in gradients.items()
            },
        }
    )
)
