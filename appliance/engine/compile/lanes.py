"""Vector arithmetic at a fixed number of float32 lanes, as TIR expressions.

Rules kept here: nothing depends on the machine that compiles; every function maps vectors of
`lanes` float32 to the same, exact to about 2e-7 relative unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tvm import tirx
from tvm.script import tirx as T  # noqa: N812 - the name TVMScript is written with


def _llvm(name: str, dtype: str, *operands: Any) -> Any:  # noqa: ANN401 - TVM has no types
    return T.call_llvm_pure_intrin(T.llvm_lookup_intrinsic_id(name), *operands, dtype=dtype)


def _shuffle(vector: Any, indices: range) -> Any:  # noqa: ANN401
    return tirx.Shuffle([vector], [tirx.IntImm("int32", i) for i in indices])


@dataclass(frozen=True, slots=True)
class Lanes:
    """Expressions over vectors of `lanes` float32: 8 for AVX2, 16 for AVX-512."""

    lanes: int

    @property
    def dtype(self) -> str:
        return f"float32x{self.lanes}"

    def splat(self, number: float) -> Any:  # noqa: ANN401
        return T.broadcast(T.float32(number), self.lanes)

    def fabs(self, x: Any) -> Any:  # noqa: ANN401
        return _llvm("llvm.fabs", self.dtype, x)

    def rint(self, x: Any) -> Any:  # noqa: ANN401
        """The nearest whole number, ties to even."""
        return _llvm("llvm.rint", self.dtype, x)

    def highest(self, x: Any) -> Any:  # noqa: ANN401
        """The largest lane, as a scalar."""
        return _llvm("llvm.vector.reduce.fmax", "float32", x)

    def total(self, x: Any) -> Any:  # noqa: ANN401
        """The sum of the lanes as a scalar, added pairwise (log2 steps, smaller error)."""
        width = self.lanes
        while width > 2:
            width //= 2
            x = _shuffle(x, range(width)) + _shuffle(x, range(width, 2 * width))
        return _shuffle(x, range(1)) + _shuffle(x, range(1, 2))

    def exp(self, x: Any) -> Any:  # noqa: ANN401
        """exp(x) for x clamped to [-87, 88]: 2^n times a degree-5 polynomial (Cephes expf)."""
        x = T.max(T.min(x, self.splat(88.0)), self.splat(-87.0))
        n = self.rint(x * self.splat(1.4426950408889634))
        r = x - n * self.splat(0.693359375) - n * self.splat(-2.12194440e-4)
        p = self.splat(1.9875691500e-4)
        for c in (1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5):
            p = p * r + self.splat(c)
        p = p * r * r + r + self.splat(1.0)
        whole = T.Cast(f"int32x{self.lanes}", n) + T.broadcast(T.int32(127), self.lanes)
        power = T.shift_left(whole, T.broadcast(T.int32(23), self.lanes))
        return p * T.reinterpret(power, dtype=self.dtype)

    def erf(self, x: Any) -> Any:  # noqa: ANN401
        """erf(x), absolute error below 2e-7 (Abramowitz and Stegun 7.1.26)."""
        a = self.fabs(x)
        t = self.splat(1.0) / (self.splat(1.0) + self.splat(0.3275911) * a)
        p = self.splat(1.061405429)
        for c in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
            p = p * t + self.splat(c)
        y = self.splat(1.0) - p * t * self.exp(self.splat(0.0) - a * a)
        return T.Select(x < self.splat(0.0), self.splat(0.0) - y, y)

    def gelu(self, x: Any) -> Any:  # noqa: ANN401
        """x Phi(x), the exact form BERT was trained with (not the tanh approximation)."""
        half = self.splat(0.5) * x
        return half + half * self.erf(x * self.splat(0.7071067811865476))

    def tanh(self, x: Any) -> Any:  # noqa: ANN401
        """tanh(x) = 1 - 2 / (exp(2 x) + 1), absolute error below 1e-6."""
        return self.splat(1.0) - self.splat(2.0) / (self.exp(x + x) + self.splat(1.0))

    def silu(self, x: Any) -> Any:  # noqa: ANN401
        """x / (1 + exp(-x))."""
        return x / (self.splat(1.0) + self.exp(self.splat(0.0) - x))

    def gelu_tanh(self, x: Any) -> Any:  # noqa: ANN401
        """GELU by tanh: 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))."""
        inner = self.splat(0.7978845608028654) * (x + self.splat(0.044715) * x * x * x)
        return self.splat(0.5) * x * (self.splat(1.0) + self.tanh(inner))
