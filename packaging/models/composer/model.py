"""The composer's network: Llama's architecture, written out, and how it is saved for others.

Rules kept here: the names and sizes are those of a Hugging Face folder, so that `cloister model
build` reads it like any other. Weights are rounded to four bits while the last part is learnt, as
the bundle's format rounds them (docs/formats/model-bundle.md): what was measured is what ships.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

GROUP = 32


@dataclass(frozen=True, slots=True)
class Shape:
    vocabulary: int = 8_192
    hidden: int = 384
    inner: int = 1_024
    layers: int = 4
    heads: int = 6
    theta: float = 10_000.0
    norm_eps: float = 1e-5
    context: int = 2_048

    @property
    def head(self) -> int:
        return self.hidden // self.heads


def rounded(weight: Tensor) -> Tensor:
    """As q4f16_1 keeps it: groups of 32 of a row, seven steps either way. Its gradient is that of
    the weight itself."""
    groups = weight.float().reshape(weight.shape[0], -1, GROUP)
    scale = groups.abs().amax(-1, keepdim=True).clamp_min(1e-8) / 7
    kept = (torch.clamp(torch.round(groups / scale), -7, 7) * scale).reshape(weight.shape)
    return weight + (kept - weight).detach().to(weight.dtype)


class Linear(nn.Linear):
    fine = True

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight if self.fine else rounded(self.weight))


class Norm(nn.Module):
    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x.float(), (x.shape[-1],), self.weight, self.eps).to(x.dtype)


class Attention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (
            Linear(shape.hidden, shape.hidden, bias=False) for _ in range(4)
        )

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        batch, length, hidden = x.shape
        split = (batch, length, self.shape.heads, self.shape.head)
        q, k, v = (
            part(x).view(split).transpose(1, 2) for part in (self.q_proj, self.k_proj, self.v_proj)
        )
        q, k = _turned(q, cos, sin), _turned(k, cos, sin)
        said = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(said.transpose(1, 2).reshape(batch, length, hidden))


class Feed(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = Linear(shape.hidden, shape.inner, bias=False)
        self.up_proj = Linear(shape.hidden, shape.inner, bias=False)
        self.down_proj = Linear(shape.inner, shape.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.input_layernorm = Norm(shape.hidden, shape.norm_eps)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = Norm(shape.hidden, shape.norm_eps)
        self.mlp = Feed(shape)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Composer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.hidden)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = Norm(shape.hidden, shape.norm_eps)
        self._fine = True
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                deep = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(parameter, std=0.02 / (2 * shape.layers) ** 0.5 if deep else 0.03)

    def round_weights(self, yes: bool) -> None:
        self._fine = not yes
        for module in self.modules():
            if isinstance(module, Linear):
                module.fine = not yes

    @property
    def table(self) -> Tensor:
        """Of the embedding, and of the head, which is the same."""
        return self.embed_tokens.weight if self._fine else rounded(self.embed_tokens.weight)

    def states(self, tokens: Tensor) -> Tensor:
        """The last layer's, normed: (batch, length, hidden)."""
        cos, sin = _angles(self.shape, tokens.shape[1])
        x = functional.embedding(tokens, self.table)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return self.norm(x)

    def logits(self, states: Tensor) -> Tensor:
        return functional.linear(states, self.table)

    def named_weights(self) -> dict[str, Tensor]:
        """By Hugging Face's names, in half precision."""
        return {
            f"model.{name}": parameter.detach().to(torch.float16).contiguous()
            for name, parameter in self.named_parameters()
        }


def _angles(shape: Shape, length: int) -> tuple[Tensor, Tensor]:
    pairs = torch.arange(0, shape.head, 2).float() / shape.head
    angles = torch.outer(torch.arange(length).float(), 1.0 / shape.theta**pairs)
    both = torch.cat((angles, angles), -1)
    return both.cos(), both.sin()


def _turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    other = torch.cat((-x[..., half:], x[..., :half]), -1)
    return (x * cos.to(x.dtype)) + (other * sin.to(x.dtype))
