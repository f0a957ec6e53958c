"""The shipped models gpt2-split, chargpt and cs336 in PyTorch, op by op as models/*.yaml describe them."""
import math

import torch
import torch.nn.functional as F
from torch import nn


def causal(t):
    return torch.ones(t, t, dtype=torch.bool).tril()


def heads_of(x, heads):
    batch, t, width = x.shape
    return x.view(batch, t, heads, width // heads).transpose(1, 2)


def merged(x):
    batch, heads, t, width = x.shape
    return x.transpose(1, 2).contiguous().view(batch, t, heads * width)


def gelu_tanh(x):  # op by op, as `form: custom` says
    return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))


class Gpt2Block(nn.Module):
    def __init__(self, width, heads, P):
        super().__init__()
        self.register_buffer("mask", causal(P))
        self.register_buffer("least", torch.tensor(-1e30))
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc, self.proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        q, k, v = (heads_of(part, self.heads) for part in self.qkv(self.ln_1(x)).split(x.shape[-1], -1))
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        scores = torch.where(self.mask[: x.shape[1], : x.shape[1]], scores, self.least)
        x = x + self.drop(self.out(merged(self.drop(scores.softmax(-1)) @ v)))
        return x + self.drop(self.proj(gelu_tanh(self.fc(self.ln_2(x)))))


class Gpt2Bottom(nn.Module):
    def __init__(self, V, P=1024, D=768, H=12, L=2):
        super().__init__()
        self.wte, self.wpe, self.drop = nn.Embedding(V, D), nn.Embedding(P, D), nn.Dropout(0.1)
        self.h = nn.Sequential(*[Gpt2Block(D, H, P) for _ in range(L)])
        self.register_buffer("positions", torch.arange(P))

    def forward(self, tokens):
        return self.h(self.drop(self.wte(tokens) + self.wpe(self.positions[: tokens.shape[1]])))


class Gpt2Top(nn.Module):
    def __init__(self, V, P=1024, D=768, H=12, L=2):
        super().__init__()
        self.h = nn.Sequential(*[Gpt2Block(D, H, P) for _ in range(L)])
        self.ln_f, self.lm_head = nn.LayerNorm(D), nn.Linear(D, V, bias=False)

    def forward(self, x):
        return self.lm_head(self.ln_f(self.h(x)))


class CharBlock(nn.Module):
    def __init__(self, width, heads, P):
        super().__init__()
        self.register_buffer("hidden", ~causal(P))
        self.query, self.key, self.value = (
            nn.ModuleList([nn.Linear(width, width // heads) for _ in range(heads)]) for _ in range(3))
        self.proj, self.drop = nn.Linear(width, width), nn.Dropout(0.1)
        self.ffn_up, self.ffn_down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def head(self, q, k, v):
        scores = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).masked_fill(self.hidden[: q.shape[1], : q.shape[1]], float("-inf"))
        return self.drop(scores.softmax(-1)) @ v

    def forward(self, x):
        y = self.ln_1(x)
        heads = [self.head(q(y), k(y), v(y)) for q, k, v in zip(self.query, self.key, self.value)]
        x = x + self.drop(self.proj(torch.cat(heads, -1)))
        return x + self.drop(self.ffn_down(F.gelu(self.ffn_up(self.ln_2(x)))))


class CharGpt(nn.Module):
    def __init__(self, V, L, P=128, D=128, H=16):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(V, D), nn.Embedding(P, D)
        self.h = nn.Sequential(*[CharBlock(D, H, P) for _ in range(L)])
        self.ln_f, self.head = nn.LayerNorm(D), nn.Linear(D, V)
        self.register_buffer("index", torch.arange(P))

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions(self.index[: tokens.shape[1]])
        return self.head(self.ln_f(self.h(x)))


class RmsNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


def rotated(x, cos, sin):
    x1, x2 = x[..., 0::2], x[..., 1::2]
    return torch.stack((x1 * cos - x2 * sin, x1 * sin + x2 * cos), -1).flatten(-2)


class Cs336Block(nn.Module):
    def __init__(self, D, F_, H):
        super().__init__()
        self.heads, self.ln_1, self.ln_2 = H, RmsNorm(D), RmsNorm(D)
        self.q, self.k, self.v, self.out = (nn.Linear(D, D, bias=False) for _ in range(4))
        self.w1, self.w3 = (nn.Linear(D, F_, bias=False) for _ in range(2))
        self.w2 = nn.Linear(F_, D, bias=False)

    def forward(self, x, cos, sin, mask, least):
        y = self.ln_1(x)
        q, k, v = (heads_of(linear(y), self.heads) for linear in (self.q, self.k, self.v))
        q, k = rotated(q, cos, sin), rotated(k, cos, sin)
        scores = torch.where(mask, q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), least)
        weights = torch.exp(scores - scores.max(-1, keepdim=True)[0])
        x = x + self.out(merged(weights / weights.sum(-1, keepdim=True) @ v))
        y = self.ln_2(x)
        gate = self.w1(y)
        return x + self.w2(gate * torch.sigmoid(gate) * self.w3(y))


class Cs336(nn.Module):
    def __init__(self, V, T, D, F_, H, L):
        super().__init__()
        self.emb, self.ln_f, self.lm_head = nn.Embedding(V, D), RmsNorm(D), nn.Linear(D, V, bias=False)
        self.h = nn.ModuleList([Cs336Block(D, F_, H) for _ in range(L)])
        angles = torch.outer(torch.arange(T).float(), 10000.0 ** (-torch.arange(0, D // H, 2).float() / (D // H)))
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())
        self.register_buffer("mask", causal(T))
        self.register_buffer("least", torch.tensor(float("-inf")))

    def forward(self, tokens):
        x = self.emb(tokens)
        for block in self.h:
            x = block(x, self.cos, self.sin, self.mask, self.least)
        return self.lm_head(self.ln_f(x))


def cases(tiny):
    """(name, make, shape of the input, vocabulary, phases); the input is tokens, or hidden states where it has three dims."""
    d, h, v = (32, 2, 500) if tiny else (768, 12, 50257)
    bottom, top = lambda: Gpt2Bottom(v, D=d, H=h), lambda: Gpt2Top(v, D=d, H=h)  # noqa: E731
    yield "gpt2-split", lambda: nn.Sequential(bottom(), top()), (1, 6), v, ("forward", "step")
    yield "gpt2-split/bottom", bottom, (1, 6), v, ("forward",)
    yield "gpt2-split/top", top, (1, 6, d), v, ("forward",)
    yield "chargpt", lambda: CharGpt(256, 1 if tiny else 12), (2, 16) if tiny else (250, 128), 256, ("forward", "step")
    for size, sizes in {"small": (768, 3072, 12, 12), "medium": (1024, 4096, 16, 24)}.items():
        sizes, (batch, t) = ((d, 4 * d, h, 1), (1, 16)) if tiny else (sizes, (4, 512))
        yield f"cs336-{size}", lambda t=t, sizes=sizes: Cs336(10000, t, *sizes), (batch, t), 10000, ("forward", "step")
