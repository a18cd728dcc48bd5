"""Which GPUs a library holds machine code for, read out of the library itself.

Rules kept here: nothing of NVIDIA's is needed, so a build is checked where it is made and where it
is installed. What counts is an ELF image for the processor with code in it (a cubin); source and
intermediate code (PTX) do not. The library is untrusted: every offset is bounded before it is used.

NVIDIA does not publish the fat binary's layout; this is what its tools of versions 11 to 13 write:
a header (magic, version, its own size, size of what follows), then entries, each with a header
(kind, -, its own size, size of the image, ..., at byte 28 the architecture's number, ..., at byte
40 flags). The ELF image says its architecture too, and both must agree.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import EngineFailed

ARCHITECTURES = ("sm_80", "sm_86", "sm_89", "sm_90")
"""NVIDIA's generations that are built for: A100; A10 and RTX 30; L4, L40 and RTX 40; H100."""

FAT = struct.Struct("<IHHQ")
FAT_MAGIC = 0xBA55ED50
ENTRY = struct.Struct("<HHIQ")
ENTRY_LEAST = 64
ARCHITECTURE_AT, FLAGS_AT = 28, 40
ELF_KIND = 2
COMPRESSED = 0x2000 | 0x8000
MACHINE_CUDA = 190
ELF = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION = struct.Struct("<IIQQQQIIQQ")
PROGBITS, EXECUTABLE = 1, 4
INSTRUCTION = 16
"""Bytes of an instruction since sm_70."""
OPCODE = 0xFFF
HMMA = 0x23C
"""The tensor cores' product of halves, as sm_80 to sm_90 encode it."""
MOST_BYTES = 1 << 30


class MachineCodeMissing(EngineFailed):
    """A library does not hold machine code for the GPUs it is meant for. It is not used."""

    code = "gpu_machine_code_missing"
    hint = "Build the bundle again on a machine with NVIDIA's CUDA toolkit 13."


@dataclass(frozen=True, slots=True)
class Cubin:
    """An image for one architecture ("sm_80"), and how many of its instructions are tensor-core
    products."""

    architecture: str
    tensor_products: int


def cubins(path: Path) -> tuple[Cubin, ...]:
    """Every image in the library. Raises MachineCodeMissing for one that is not whole."""
    with path.open("rb") as file:
        untrusted = file.read(MOST_BYTES + 1)
    if len(untrusted) > MOST_BYTES:
        raise MachineCodeMissing(f"{path.name} is too large to be checked.")
    found: list[Cubin] = []
    magic, at = struct.pack("<I", FAT_MAGIC), 0
    while (at := untrusted.find(magic, at)) >= 0:
        found += [_cubin(number, image) for number, image in _images(untrusted, at)]
        at += len(magic)
    return tuple(found)


def check_machine_code(
    path: Path, architectures: tuple[str, ...] = ARCHITECTURES
) -> tuple[str, ...]:
    """The architectures the library holds code for. Raises MachineCodeMissing unless each of
    `architectures` is among them with tensor-core products."""
    found = cubins(path)
    able = {c.architecture for c in found if c.tensor_products}
    for wanted in architectures:
        if wanted not in able:
            held = ", ".join(sorted({c.architecture for c in found})) or "none at all"
            raise MachineCodeMissing(
                f"{path.name} holds no tensor-core machine code for {wanted}; it holds {held}."
            )
    return tuple(sorted({c.architecture for c in found}))


def require_code_for(path: Path, compute: str) -> None:
    """compute is the GPU's capability, "8.6". Code made for an earlier one of the same generation
    runs as well (CUDA C++ programming guide, binary compatibility). Raises MachineCodeMissing."""
    generation, step = compute.split(".")
    for found in cubins(path):
        number = found.architecture.removeprefix("sm_")
        if number[:-1] == generation and int(number[-1]) <= int(step):
            return
    raise MachineCodeMissing(f"The model's library has no code for a GPU of capability {compute}.")


def _images(untrusted: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """(architecture's number, ELF image) of the fat binary that begins at `at`."""
    if at + FAT.size > len(untrusted):
        raise _cut()
    _, version, header, size = FAT.unpack_from(untrusted, at)
    if version != 1 or header != FAT.size:
        return  # the four bytes stand there by chance
    entry, end = at + header, at + header + size
    if end > len(untrusted):
        raise _cut()
    while entry < end:
        if entry + ENTRY_LEAST > end:
            raise _cut()
        kind, _, own, length = ENTRY.unpack_from(untrusted, entry)
        if own < ENTRY_LEAST or own + length > end - entry:
            raise _cut()
        (number,) = struct.unpack_from("<I", untrusted, entry + ARCHITECTURE_AT)
        (flags,) = struct.unpack_from("<Q", untrusted, entry + FLAGS_AT)
        if kind == ELF_KIND:
            if flags & COMPRESSED:
                raise MachineCodeMissing("The machine code is compressed and cannot be checked.")
            yield number, untrusted[entry + own : entry + own + length]
        entry += own + length


def _cubin(number: int, image: bytes) -> Cubin:
    if len(image) < ELF.size or image[:5] != b"\x7fELF\x02":
        raise _cut()
    header = ELF.unpack_from(image)
    machine, sections_at, flags = header[2], header[6], header[7]
    entry_size, count = header[11], header[12]
    if machine != MACHINE_CUDA or number not in (flags & 0xFF, flags >> 8 & 0xFF):
        raise MachineCodeMissing("An image in the library is for another machine than it says.")
    if entry_size != SECTION.size or sections_at + entry_size * count > len(image):
        raise _cut()
    size = products = 0
    for n in range(count):
        _, kind, mark, _, start, length, *_ = SECTION.unpack_from(
            image, sections_at + n * entry_size
        )
        if kind != PROGBITS or not mark & EXECUTABLE:
            continue
        if start + length > len(image):
            raise _cut()
        size += length
        code = image[start : start + length - length % INSTRUCTION]
        products += sum(low & OPCODE == HMMA for low, _ in struct.iter_unpack("<QQ", code))
    if not size:
        raise MachineCodeMissing(f"The library's image for sm_{number} has no code in it.")
    return Cubin(f"sm_{number}", products)


def _cut() -> MachineCodeMissing:
    return MachineCodeMissing("The library's machine code is cut short or damaged.")
