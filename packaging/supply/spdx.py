"""SPDX licence expressions, and which of them the product may be made of.

Rules kept here: an expression that is not understood, and a licence that is not named here, is
refused; of an OR the best choice counts, of an AND the worst; AGPL is never allowed; GPL and LGPL
only where `licences.toml` names the part and why (linked dynamically, or with an exception).
Grammar: SPDX 2.3, annex D.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PERMISSIVE = frozenset(
    """0BSD Apache-2.0 blessing Brian-Gladman-3-Clause BSD-2-Clause BSD-3-Clause BSL-1.0
    bzip2-1.0.6 CC0-1.0 curl FTL HPND ICC IJG ISC LicenseRef-AGG-2.3
    LicenseRef-Public-Domain libpng-2.0 libtiff MIT MIT-0 MIT-Modern-Variant PostgreSQL
    PSF-2.0 Unicode-3.0 Unicode-DFS-2016 Unlicense Zlib""".split()
)
"""May be copied and linked in any way, with their texts."""
EXCEPTIONS = {
    "LLVM-exception": {"Apache-2.0"},
    "GCC-exception-3.1": {"GPL-3.0-only", "GPL-3.0-or-later"},
    "PCRE2-exception": {"BSD-3-Clause"},
    "Bootloader-exception": {"GPL-2.0-or-later"},
}
"""With these even a copyleft licence asks nothing of the program it is linked with; each is an
exception to the licences named, and to no other."""
_TOKEN = re.compile(r"\s*(\(|\)|[A-Za-z0-9.+-]+)")
_COPYLEFT = re.compile(r"(?:L?GPL|MPL|EPL|CDDL|OSL|EUPL|SSPL)-")


class LicenceRefused(Exception):
    """The licence, or what is written of it, does not let the product carry the part."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """The tokens of an expression and where in them it is being read."""

    tokens: list[str]

    def choices(self) -> list[frozenset[str]]:
        """Each way the expression can be met: the licences that then hold together."""
        found = self._together()
        while self.tokens and self.tokens[0] == "OR":
            self.tokens.pop(0)
            found = found + self._together()
        return found

    def _together(self) -> list[frozenset[str]]:
        found = self._one()
        while self.tokens and self.tokens[0] == "AND":
            self.tokens.pop(0)
            right = self._one()
            found = [a | b for a in found for b in right]
        return found

    def _one(self) -> list[frozenset[str]]:
        if not self.tokens:
            raise LicenceRefused("The expression ends too early.")
        word = self.tokens.pop(0)
        if word == "(":
            found = self.choices()
            if not self.tokens or self.tokens.pop(0) != ")":
                raise LicenceRefused("A bracket is not closed.")
            return found
        if word in (")", "AND", "OR", "WITH"):
            raise LicenceRefused(f"{word} stands where a licence should.")
        if self.tokens[:1] == ["WITH"]:
            del self.tokens[0]
            if not self.tokens:
                raise LicenceRefused("WITH names no exception.")
            word = f"{word} WITH {self.tokens.pop(0)}"
        return [frozenset({word})]


def choices(expression: str) -> tuple[frozenset[str], ...]:
    """Raises LicenceRefused for what is no expression."""
    tokens, at = [], 0
    while at < len(expression.rstrip()):
        match = _TOKEN.match(expression, at)
        if match is None:
            raise LicenceRefused(f"“{expression}” is no licence expression.")
        tokens.append(match[1])
        at = match.end()
    reader = _Reader(tokens)
    found = reader.choices()
    if reader.tokens:
        raise LicenceRefused(f"“{expression}” goes on after its end.")
    return tuple(found)


def chosen(expression: str, dynamic: frozenset[str] = frozenset()) -> str:
    """The choice that the product takes. dynamic: licences allowed for this part alone, because it
    is linked dynamically. Raises LicenceRefused."""
    allowed = [one for one in choices(expression) if all(_allowed(name, dynamic) for name in one)]
    if not allowed:
        raise LicenceRefused(f"“{expression}” is not a licence that the product may carry.")
    best = min(allowed, key=lambda one: (any(_COPYLEFT.match(name) for name in one), sorted(one)))
    return " AND ".join(sorted(best))


def require_same(name: str, stated: str, ruled: str) -> None:
    """Both must come to the same choices, in whatever order. Raises LicenceRefused."""
    if frozenset(choices(stated)) != frozenset(choices(ruled)):
        raise LicenceRefused(f"{name} states “{stated}”, licences.toml “{ruled}”.")


def require_known(name: str, stated: str) -> None:
    """What a part calls by a name of its own means what it likes (LicenseRef, SPDX 2.3, annex D):
    it counts only where somebody read it. Raises LicenceRefused."""
    if any("LicenseRef-" in one for choice in choices(stated) for one in choice):
        raise LicenceRefused(f"{name} has a licence of its own name: {stated}")


def _allowed(name: str, dynamic: frozenset[str]) -> bool:
    if name.startswith("AGPL"):
        return False
    licence, _, exception = name.partition(" WITH ")
    if exception:
        return licence in EXCEPTIONS.get(exception, ())
    return licence in PERMISSIVE or licence in dynamic
