"""The benchmarked networks in PyTorch: the same parameters and operations as ours."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, condition):
        super().__init__()
        self.norm1 = nn.GroupNorm(8, inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.condition = nn.Linear(condition, outputs)
        self.norm2 = nn.GroupNorm(8, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        same = inputs == outputs
        self.shortcut = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x, e):
        h = self.conv1(F.silu(self.norm1(x))) + self.condition(e)[:, :, None, None]
        return self.conv2(F.silu(self.norm2(h))) + self.shortcut(x)


class SpatialAttention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = nn.GroupNorm(8, channels)
        self.query, self.key, self.value, self.output = (
            nn.Linear(channels, channels) for _ in range(4)
        )

    def forward(self, x):
        y = self.norm(x).flatten(2).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(self.query(y), self.key(y), self.value(y))
        return x + self.output(mixed).transpose(1, 2).reshape(x.shape)


class UNet(nn.Module):
    """The same network as models/image/unet.ts at width 32."""

    def __init__(self, c=32, classes=11):
        super().__init__()
        self.c = c
        self.embed_class = nn.Embedding(classes, 4 * c)
        self.linear1, self.linear2 = nn.Linear(c, 4 * c), nn.Linear(4 * c, 4 * c)
        self.enter = nn.Conv2d(1, c, 3, padding=1)
        self.down1 = ResidualBlock(c, c, 4 * c)
        self.shrink1 = nn.Conv2d(c, c, 3, 2, 1)
        self.down2 = ResidualBlock(c, 2 * c, 4 * c)
        self.shrink2 = nn.Conv2d(2 * c, 2 * c, 3, 2, 1)
        self.middle1 = ResidualBlock(2 * c, 2 * c, 4 * c)
        self.attend = SpatialAttention(2 * c)
        self.middle2 = ResidualBlock(2 * c, 2 * c, 4 * c)
        self.grow2 = nn.Conv2d(2 * c, 2 * c, 3, padding=1)
        self.up2 = ResidualBlock(4 * c, 2 * c, 4 * c)
        self.grow1 = nn.Conv2d(2 * c, c, 3, padding=1)
        self.up1 = ResidualBlock(2 * c, c, 4 * c)
        self.leave_norm = nn.GroupNorm(8, c)
        self.leave = nn.Conv2d(c, 1, 3, padding=1)

    def forward(self, z, angle, labels):
        half = self.c // 2
        frequencies = 1000 * 10000 ** (-torch.arange(half, device=angle.device) / half)
        phase = angle[:, None] * frequencies
        e = self.linear1(torch.cat([phase.sin(), phase.cos()], 1))
        e = F.silu(self.linear2(F.silu(e)) + self.embed_class(labels))
        full = self.down1(self.enter(z), e)
        down = self.down2(self.shrink1(full), e)
        h = self.middle1(self.shrink2(down), e)
        h = self.middle2(self.attend(h), e)
        h = self.grow2(F.interpolate(h, scale_factor=2))
        h = self.up2(torch.cat([h, down], 1), e)
        h = self.grow1(F.interpolate(h, scale_factor=2))
        h = self.up1(torch.cat([h, full], 1), e)
        return self.leave(F.silu(self.leave_norm(h)))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key, self.value, self.output = (
            nn.Linear(width, width) for _ in range(4)
        )
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        n, length, width = x.shape
        h = self.norm1(x)
        q, k, v = (
            layer(h).view(n, length, self.heads, width // self.heads).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape)
        x = x + self.output(mixed)
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Transformer(nn.Module):
    """The same network as bench/transformer.ts: 4 layers, 4 heads, width 128, 65 symbols."""

    def __init__(self, symbols=65, length=128, width=128, layers=4, heads=4):
        super().__init__()
        self.embed = nn.Embedding(symbols, width)
        self.position = nn.Parameter(torch.randn(1, length, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, symbols)

    def forward(self, tokens):
        x = self.embed(tokens) + self.position
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def rotate(x):
    """Rotary positions: pair i is the elements i and i + width/2."""
    length, width = x.shape[-2:]
    frequency = 10000 ** (-torch.arange(0, width, 2, device=x.device).float() / width)
    angle = torch.arange(length, device=x.device).float()[:, None] * frequency
    a, b = x.chunk(2, -1)
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], -1)


class AdaptiveBlock(nn.Module):
    """The same as models/layers/transformer.ts: adaLN-zero."""

    def __init__(self, width, heads):
        super().__init__()
        self.width, self.heads = width, heads
        self.modulation = nn.Linear(width, 6 * width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, condition, causal=False, before=None, mask=None):
        n, length, width = x.shape
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(F.silu(condition)).chunk(6, -1)
        h = F.layer_norm(x, (width,)) * (1 + scale1) + shift1
        split = lambda t: t.view(n, length, self.heads, -1).transpose(1, 2)
        q, k, v = map(split, self.qkv(h).chunk(3, -1))
        q, k = rotate(q), rotate(k)
        keys, values = k, v
        if before is not None:
            keys, values = torch.cat([before[0], k], 2), torch.cat([before[1], v], 2)
        h = F.scaled_dot_product_attention(q, keys, values, attn_mask=mask, is_causal=causal)
        x = x + gate1 * self.out(h.transpose(1, 2).reshape(n, length, width))
        h = F.layer_norm(x, (width,)) * (1 + scale2) + shift2
        return x + gate2 * self.narrow(F.gelu(self.widen(h))), (k, v)


class TextNetwork(nn.Module):
    """The same as models/text/network/network.ts: reading, denoising, or both, in blocks."""

    def __init__(self, reads=False, noisy=False, symbols=65, width=128, layers=4, heads=4, d=16):
        super().__init__()
        self.width, self.d = width, d
        if noisy:
            self.e = nn.Parameter(torch.randn(symbols, d))
            self.stem, self.previous = nn.Linear(d, width), nn.Linear(d, width)
            self.level1, self.level2 = nn.Linear(64, width), nn.Linear(width, width)
        if reads:
            self.tokens = nn.Embedding(symbols, width)
            self.start = nn.Parameter(torch.randn(1, 1, width))
            self.condition = nn.Parameter(torch.randn(1, 1, width))
        self.blocks = nn.ModuleList(AdaptiveBlock(width, heads) for _ in range(layers))
        self.modulation = nn.Linear(width, 2 * width)
        self.head = nn.Linear(width, symbols)

    def transform(self, x, condition, causal=False, before=None, mask=None):
        """The logits, and keys and values of every block."""
        kept = []
        for i, block in enumerate(self.blocks):
            x, own = block(x, condition, causal, before and before[i], mask)
            kept.append(own)
        shift, scale = self.modulation(F.silu(condition)).chunk(2, -1)
        return self.head(F.layer_norm(x, (self.width,)) * (1 + scale) + shift), kept

    def read(self, tokens):
        start = self.start.expand(len(tokens), 1, self.width)
        return self.transform(torch.cat([start, self.tokens(tokens)], 1), self.condition, True)

    def embeddings(self):
        return F.normalize(self.e, dim=-1)

    def denoise(self, z, gamma, previous, before=None, mask=None):
        frequency = 100 ** (torch.arange(32, device=z.device) / 31) / 10
        phase = gamma[:, None] * frequency
        features = torch.cat([phase.sin(), phase.cos()], -1)
        condition = self.level2(F.silu(self.level1(features)))[:, None]
        alpha2, sigma2 = torch.sigmoid(-gamma)[:, None, None], torch.sigmoid(gamma)[:, None, None]
        x = self.stem(z / torch.sqrt(alpha2 / self.d + sigma2))
        x = x + self.previous(previous * self.d**0.5)
        prior = alpha2.sqrt() / sigma2 * (z @ self.embeddings().t())
        return self.transform(x, condition, before=before, mask=mask)[0] + prior


def text_loss(reads, noisy, batch=32, length=128, symbols=65, block=16, **size):
    """The network, and its training loss on one batch; a quarter of the windows is self-conditioned."""
    net = TextNetwork(reads, noisy, symbols, **size)
    tokens = torch.randint(0, symbols, (batch, length))

    def nats(logits):
        return F.cross_entropy(logits.transpose(1, 2), tokens, reduction="none").mean(1)

    if not noisy:
        return net, lambda: nats(net.read(tokens[:, :-1])[0]).mean()
    eps, gamma = torch.randn(batch, length, net.d), torch.linspace(-4, 5, batch)
    alpha, sigma = torch.sigmoid(-gamma).sqrt()[:, None, None], torch.sigmoid(gamma).sqrt()[:, None, None]
    rows = max(1, batch // 4)
    place = torch.arange(length)
    begin = (place // block * block)[:, None]
    mask = torch.cat([place <= begin, (place >= begin) & (place < begin + block)], 1) if reads else None

    def loss():
        e = net.embeddings()
        clean = e[tokens]
        z = alpha * clean + sigma * eps
        read, before = net.read(tokens[:, :-1]) if reads else (None, None)
        with torch.no_grad():
            known = before and [(k[:rows], v[:rows]) for k, v in before]
            first = net.denoise(z[:rows], gamma[:rows], torch.zeros_like(z[:rows]), known, mask)
            previous = torch.cat([first.softmax(-1) @ e, torch.zeros_like(z[rows:])])
        logits = net.denoise(z, gamma, previous, before, mask)
        error = ((clean - logits.softmax(-1) @ e) ** 2).sum(-1).mean(1)
        bound = (torch.exp(-gamma) * error + nats(logits)).mean()
        return (bound + nats(read).mean()) / 2 if reads else bound

    return net, loss
