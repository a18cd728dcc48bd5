"""MiniLM as an ONNX graph in float32, out of its safetensors file.

Two graphs of the same arithmetic: "plain" in standard operators, "fused" in those onnxruntime adds
for BERT (com.microsoft: Attention, SkipLayerNormalization, BiasGelu). Inputs: ids and mask, int64
(texts, tokens), padded at the end. Output: unit vectors (texts, 384), averaged over the mask.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx  # type: ignore[import-not-found]  # in the peers' environment
from onnx import TensorProto, helper, numpy_helper

HIDDEN, HEADS, HEAD, LAYERS = 384, 12, 32, 6
EPSILON = 1e-12
OPSET = 20
FUSED = "com.microsoft"

Array = npt.NDArray[Any]


def read_weights(path: Path) -> dict[str, Array]:
    """The F32 tensors of a safetensors file (trusted: it comes with a locked package)."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    found = {}
    for name, entry in json.loads(raw[8 : 8 + length]).items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            found[name] = np.frombuffer(raw[start:end], "<f4").reshape(entry["shape"])
    return found


def write_model(weights: dict[str, Array], path: Path, *, fused: bool) -> None:
    """Writes the graph."""
    graph = _Graph(weights, fused=fused)
    x = graph.embedding()
    for n in range(LAYERS):
        x = graph.layer(x, f"encoder.layer.{n}")
    graph.pooled(x)
    batch = ["texts", "tokens"]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "minilm",
            [helper.make_tensor_value_info(n, TensorProto.INT64, batch) for n in ("ids", "mask")],
            [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["texts", HIDDEN])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)],
        ir_version=10,
    )
    onnx.save(model, str(path))


class _Graph:
    """Nodes and constants as they are added. Methods return the name of what was computed."""

    def __init__(self, weights: dict[str, Array], *, fused: bool) -> None:
        self._weights, self._fused = weights, fused
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def embedding(self) -> str:
        w = self._weights
        words = self._add("Gather", self._hold(w["embeddings.word_embeddings.weight"]), "ids")
        places = w["embeddings.position_embeddings.weight"]
        places = places + w["embeddings.token_type_embeddings.weight"][0]
        length = self._add("Gather", self._add("Shape", "ids"), self._hold(np.array([1])))
        first = self._add("Slice", self._hold(places), self._hold(np.array([0])), length)
        self._mask()
        return self._norm(self._add("Add", words, first), "embeddings.LayerNorm")

    def layer(self, x: str, name: str) -> str:
        mixed = (self._attention_fused if self._fused else self._attention)(x, f"{name}.attention")
        x = self._joined(mixed, f"{name}.attention.output", x)
        inner = self._product(x, [f"{name}.intermediate.dense"])
        bias = self._hold(self._weights[f"{name}.intermediate.dense.bias"])
        if self._fused:
            inner = self._add("BiasGelu", inner, bias, domain=FUSED)
        else:
            inner = self._add("Gelu", self._add("Add", inner, bias))
        return self._joined(inner, f"{name}.output", x)

    def pooled(self, x: str) -> None:
        weights = self._add("Unsqueeze", self._mask_float, self._hold(np.array([-1])))
        total = self._add("ReduceSum", self._add("Mul", x, weights), self._hold(np.array([1])),
                          keepdims=0)  # fmt: skip
        # Divided by its length in the end, a sum is as good as a mean.
        self.nodes.append(helper.make_node("LpNormalization", [total], ["vectors"], axis=-1, p=2))

    def _attention(self, x: str, name: str) -> str:
        """Softmax(Q K^T / sqrt(HEAD) + mask) V."""
        split = self._hold(np.array([0, 0, HEADS, HEAD]))
        parts = []
        for part, order in (
            ("query", (0, 2, 1, 3)),
            ("key", (0, 2, 3, 1)),
            ("value", (0, 2, 1, 3)),
        ):
            dense = f"{name}.self.{part}"
            linear = self._add(
                "Add", self._product(x, [dense]), self._hold(self._weights[f"{dense}.bias"])
            )
            parts.append(self._add("Transpose", self._add("Reshape", linear, split), perm=order))
        query, key, value = parts
        scale = self._hold(np.array(HEAD**-0.5, np.float32))
        scores = self._add("Mul", self._add("MatMul", query, key), scale)
        shares = self._add("Softmax", self._add("Add", scores, self._mask_scores), axis=-1)
        mixed = self._add("Transpose", self._add("MatMul", shares, value), perm=(0, 2, 1, 3))
        return self._add("Reshape", mixed, self._hold(np.array([0, 0, HIDDEN])))

    def _attention_fused(self, x: str, name: str) -> str:
        dense = [f"{name}.self.{part}" for part in ("query", "key", "value")]
        weight = np.concatenate([self._weights[f"{d}.weight"].T for d in dense], axis=1)
        bias = np.concatenate([self._weights[f"{d}.bias"] for d in dense])
        return self._add("Attention", x, self._hold(weight), self._hold(bias), self._mask_lengths,
                         domain=FUSED, num_heads=HEADS)  # fmt: skip

    def _joined(self, x: str, name: str, residual: str) -> str:
        """The dense layer, its residual and the norm after it."""
        linear = self._product(x, [f"{name}.dense"])
        bias = self._hold(self._weights[f"{name}.dense.bias"])
        if not self._fused:
            return self._norm(
                self._add("Add", self._add("Add", linear, bias), residual), f"{name}.LayerNorm"
            )
        gamma, beta = (
            self._hold(self._weights[f"{name}.LayerNorm.{p}"]) for p in ("weight", "bias")
        )
        return self._add("SkipLayerNormalization", linear, residual, gamma, beta, bias,
                         domain=FUSED, epsilon=EPSILON)  # fmt: skip

    def _mask(self) -> None:
        """The mask in the three forms that are asked for."""
        self._mask_float = self._add("Cast", "mask", to=TensorProto.FLOAT)
        self._mask_lengths = self._add("Cast", "mask", to=TensorProto.INT32)
        axes = self._hold(np.array([1, 2]))
        wide = self._add("Unsqueeze", self._mask_float, axes)
        one, low = (self._hold(np.array(v, np.float32)) for v in (1, -1e9))
        self._mask_scores = self._add("Mul", self._add("Sub", one, wide), low)

    def _product(self, x: str, dense: list[str]) -> str:
        weight = np.concatenate([self._weights[f"{name}.weight"].T for name in dense], axis=1)
        return self._add("MatMul", x, self._hold(weight))

    def _norm(self, x: str, name: str) -> str:
        gamma, beta = (self._hold(self._weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return self._add("LayerNormalization", x, gamma, beta, epsilon=EPSILON, axis=-1)

    def _hold(self, array: Array) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def _add(self, kind: str, /, *inputs: str, domain: str = "", **attributes: Any) -> str:  # noqa: ANN401
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], domain=domain, **attributes))
        return name
