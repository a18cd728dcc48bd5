"""Reads QR codes as a scanner does, once it has found the modules: ISO/IEC 18004, error correction
level L, alphanumeric mode, versions 1 to 25. It shares nothing with what draws them; instead of
correcting errors it requires that there are none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

Modules = tuple[tuple[bool, ...], ...]
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
CHECKS = (7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30,
          30, 26)  # fmt: skip
"""Table 9, level L: error correction codewords of a block, by version from 1."""
BLOCKS = (1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12)
MASKS: tuple[Callable[[int, int], int], ...] = (  # table 10: dark where it gives 0; row, column
    lambda i, j: (i + j) % 2,
    lambda i, j: i % 2,
    lambda i, j: j % 3,
    lambda i, j: (i + j) % 3,
    lambda i, j: (i // 2 + j // 3) % 2,
    lambda i, j: (i * j) % 2 + (i * j) % 3,
    lambda i, j: ((i * j) % 2 + (i * j) % 3) % 2,
    lambda i, j: ((i + j) % 2 + (i * j) % 3) % 2,
)


class Unreadable(Exception):
    """It is no code that this reader reads."""


def read(modules: Modules) -> str:
    """The text of a code. Raises Unreadable."""
    side = len(modules)
    version = (side - 17) // 4
    places = [(8, column) for column in (0, 1, 2, 3, 4, 5, 7, 8)]
    places += [(row, 8) for row in (7, 5, 4, 3, 2, 1, 0)]
    form = 0
    for row, column in places:  # 7.9: 15 bits, the first the most significant
        form = form << 1 | modules[row][column]
    form ^= 0b101010000010010
    if form >> 13 != 0b01:
        raise Unreadable("not level L")
    mask = MASKS[form >> 10 & 7]
    bits = [modules[i][j] ^ (not mask(i, j)) for i, j in _path(side, version)]
    words = [int("".join("01"[bit] for bit in bits[at : at + 8]), 2)
             for at in range(0, len(bits) - 7, 8)]  # fmt: skip
    return _text("".join(f"{word:08b}" for word in _data(words, version)), version)


def _path(side: int, version: int) -> Iterator[tuple[int, int]]:
    """7.7.3: two columns wide, up and down, from the right; the vertical timing has none."""
    centres = _alignment(side, version)
    upwards = True
    for right in [*range(side - 1, 6, -2), *range(5, 0, -2)]:
        for row in range(side - 1, -1, -1) if upwards else range(side):
            for column in (right, right - 1):
                if not _function(row, column, side, version, centres):
                    yield row, column
        upwards = not upwards


def _alignment(side: int, version: int) -> list[int]:
    """Annex E: evenly spaced from the far end, the step even."""
    if version == 1:
        return []
    count = version // 7 + 2
    step = (version * 4 + count * 2 + 1) // (count * 2 - 2) * 2
    return [6, *sorted(side - 7 - at * step for at in range(count - 1))]


def _function(row: int, column: int, side: int, version: int, centres: list[int]) -> bool:
    """Whether a module is of a pattern, the format or the version, and holds no data."""
    if 6 in (row, column) or (row < 9 and (column < 9 or column >= side - 8)):
        return True
    if row >= side - 8 and column < 9:
        return True
    if version > 6 and ((row < 6 and column >= side - 11) or (column < 6 and row >= side - 11)):
        return True
    corners = ((6, 6), (6, side - 7), (side - 7, 6))
    return any(
        abs(row - y) < 3 and abs(column - x) < 3 and (y, x) not in corners
        for y in centres for x in centres
    )  # fmt: skip


def _data(words: list[int], version: int) -> list[int]:
    """7.6: blocks are laid word by word in turn, the short ones first. Raises Unreadable."""
    count, checks = BLOCKS[version - 1], CHECKS[version - 1]
    size, longer = divmod(len(words) - count * checks, count)
    blocks: list[list[int]] = [[] for _ in range(count)]
    left = iter(words)
    for at in range(size + 1):
        for number in range(count):
            if at < size or number >= count - longer:
                blocks[number].append(next(left))
    for _ in range(checks):
        for block in blocks:
            block.append(next(left))
    if any(_remainder(block, root) for block in blocks for root in range(checks)):
        raise Unreadable("a block holds an error")
    return [word for block in blocks for word in block[:-checks]]


def _remainder(block: list[int], root: int) -> int:
    """7.5.2: the block as a polynomial over GF(256), at 2 to the power of `root`."""
    value = 0
    for word in block:
        for _ in range(root):
            value = value << 1 ^ (0x11D if value > 127 else 0)
        value ^= word
    return value


def _text(bits: str, version: int) -> str:
    """7.4.4: mode 0010, a count, then 11 bits for each pair and 6 for a last one."""
    size = 9 if version < 10 else 11 if version < 27 else 13
    if bits[:4] != "0010":
        raise Unreadable("not alphanumeric")
    count, at, found = int(bits[4 : 4 + size], 2), 4 + size, ""
    while len(found) < count - 1:
        found += ALPHABET[(pair := int(bits[at : at + 11], 2)) // 45] + ALPHABET[pair % 45]
        at += 11
    return found if len(found) == count else found + ALPHABET[int(bits[at : at + 6], 2)]
