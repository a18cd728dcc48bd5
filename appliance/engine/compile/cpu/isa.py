"""Instruction sets: how wide a vector is, and how four-bit weights meet eight-bit activations.

Rules kept here: a library uses nothing its level does not name; which level a machine has is
decided by appliance/engine/processor.py, never here. Weight codes are 0 to 15 and activations -127
to 127, so that no intermediate sum of a group of 32 can leave its type (15 * 127 * 2 * 8 = 30,480
fits 16 bits signed).

Sources: Intel 64 and IA-32 SDM vol. 2 (VPDPBUSD, VPMADDUBSW, VPMADDWD); Arm ARM (SDOT).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tvm.script import tirx as T  # noqa: N812 - the name TVMScript is written with

from appliance.engine.compile.lanes import Lanes

NIBBLES = 0x0F0F0F0F


@dataclass(frozen=True, slots=True)
class Isa:
    """One library's instruction set.

    lanes: 32-bit numbers in a vector. dot: "vnni", "maddubs" or "sdot". rows: rows of activations
    a matrix tile works on at once, few and many: queries an attention tile works on at once.
    """

    level: str
    triple: str
    processor: str
    features: tuple[str, ...]
    lanes: int
    dot: str
    rows: int
    few: int
    many: int

    @property
    def vector(self) -> Lanes:
        return Lanes(self.lanes)

    @property
    def sum_type(self) -> str:
        """The type in which the products of one group are summed."""
        return f"int16x{2 * self.lanes}" if self.dot == "maddubs" else f"int32x{self.lanes}"

    @property
    def sum_scalar(self) -> str:
        return "int16" if self.dot == "maddubs" else "int32"

    @property
    def sum_width(self) -> int:
        """Numbers of `sum_scalar` in a sum."""
        return 2 * self.lanes if self.dot == "maddubs" else self.lanes

    def low_codes(self, words: Any) -> Any:  # noqa: ANN401 - TVM has no types
        """The low four bits of each byte of uint32 lanes, as bytes."""
        mask = T.broadcast(T.uint32(NIBBLES), self.lanes)
        return T.reinterpret(T.bitwise_and(words, mask), dtype=f"int8x{4 * self.lanes}")

    def high_codes(self, words: Any) -> Any:  # noqa: ANN401
        """The high four bits of each byte."""
        return self.low_codes(T.shift_right(words, T.broadcast(T.uint32(4), self.lanes)))

    def weights(self, words: Any, place: int) -> Any:  # noqa: ANN401
        """Code `place` of each word less 7, as float32 lanes: the weight before its scale."""
        shifted = T.shift_right(words, T.broadcast(T.uint32(4 * place), self.lanes))
        code = T.bitwise_and(shifted, T.broadcast(T.uint32(15), self.lanes))
        whole = T.reinterpret(code, dtype=f"int32x{self.lanes}") - T.broadcast(
            T.int32(7), self.lanes
        )
        return self.floats(whole)

    def floats(self, numbers: Any) -> Any:  # noqa: ANN401
        """Lanes of any type as float32."""
        return T.Cast(f"float32x{self.lanes}", numbers)

    def repeated(self, four: Any) -> Any:  # noqa: ANN401
        """Four int8 as a vector that repeats them in every lane."""
        lane = T.broadcast(T.reinterpret(four, dtype="int32"), self.lanes)
        return T.reinterpret(lane, dtype=f"int8x{4 * self.lanes}")

    def prefetch(self, element: Any) -> Any:  # noqa: ANN401
        """Asks for the cache line of an element that will be read soon."""
        name = T.llvm_lookup_intrinsic_id("llvm.prefetch")
        read, keep, data = T.int32(0), T.int32(3), T.int32(1)
        return T.call_llvm_intrin(name, T.address_of(element), read, keep, data, dtype="void")

    def nothing(self) -> Any:  # noqa: ANN401
        zero = T.int16(0) if self.dot == "maddubs" else T.int32(0)
        return T.broadcast(zero, self.sum_width)

    def add_products(self, total: Any, codes: Any, activations: Any) -> Any:  # noqa: ANN401
        """total + the sums of the four products of each lane."""
        if self.dot == "vnni":
            name = f"llvm.x86.avx512.vpdpbusd.{32 * self.lanes}"
            return _llvm(name, self.sum_type, total, codes, activations)
        if self.dot == "sdot":
            name = f"llvm.aarch64.neon.sdot.v{self.lanes}i32.v{4 * self.lanes}i8"
            return _llvm(name, self.sum_type, total, codes, activations)
        return total + _llvm("llvm.x86.avx2.pmadd.ub.sw", self.sum_type, codes, activations)

    def summed(self, total: Any) -> Any:  # noqa: ANN401
        """A group's sum as float32 lanes."""
        if self.dot == "maddubs":
            ones = T.broadcast(T.int16(1), self.sum_width)
            total = _llvm("llvm.x86.avx2.pmadd.wd", f"int32x{self.lanes}", total, ones)
        return T.Cast(f"float32x{self.lanes}", total)


def _llvm(name: str, dtype: str, *operands: Any) -> Any:  # noqa: ANN401
    return T.call_llvm_pure_intrin(T.llvm_lookup_intrinsic_id(name), *operands, dtype=dtype)


_X86 = "x86_64-unknown-linux-gnu"
_AVX512 = "avx512f avx512bw avx512cd avx512dq avx512vl avx512vnni avx2 fma f16c".split()

AVX2 = Isa("x86-64-v3", _X86, "x86-64-v3", (), lanes=8, dot="maddubs", rows=4, few=2, many=4)
VNNI = Isa(
    "x86-64-v4-vnni", _X86, "x86-64-v4", tuple(f"+{f}" for f in _AVX512),
    lanes=16, dot="vnni", rows=8, few=4, many=8,
)  # fmt: skip
DOTPROD = Isa(
    "aarch64-dotprod", "aarch64-unknown-linux-gnu", "generic",
    ("+v8.2a", "+dotprod", "+fullfp16"), lanes=4, dot="sdot", rows=4, few=2, many=4,
)  # fmt: skip

LEVELS = {isa.level: isa for isa in (VNNI, AVX2, DOTPROD)}
"""Best first."""
