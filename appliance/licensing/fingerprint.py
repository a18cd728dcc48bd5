"""A machine's fingerprint: keyed hashes of its traits, compared by weight.

Rules kept here: the key is the seat's own and never leaves it, so nobody else can try serial
numbers against the hashes, nor tell whether two fingerprints are of one machine; one change a
machine goes through in its life (a docking station, another network card, disk or memory) leaves
enough; a copy on another machine does not, be that the same model from the same image.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.licensing.errors import SeatElsewhere
from appliance.licensing.machine import Trait, Traits
from appliance.vault.canonical import Fields, Json, Malformed
from appliance.vault.primitives import mac

WEIGHTS = {
    Trait.INSTALLATION: 20,
    Trait.BOARD: 25,
    Trait.NETWORK: 25,
    Trait.DISK: 25,
    Trait.MODEL: 10,
    Trait.PROCESSOR: 10,
    Trait.MEMORY: 5,
}
"""What a machine shares with no other weighs most. A copy of the whole disk on a machine of the
same model keeps installation, model, processor and memory: 45 of 95."""

NEEDED = 60
"""Per cent of the certified weight that must be found again."""

BUILT_IN = frozenset({Trait.BOARD, Trait.NETWORK, Trait.DISK})
"""What a copy of the whole disk does not take along to another machine of the same model."""

_MOST_VALUES = 16
_MARK_SIZE = 32


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Each trait with the hashes (32 hexadecimal digits) of its values."""

    marks: tuple[tuple[Trait, tuple[str, ...]], ...]

    @property
    def distinct(self) -> bool:
        """Whether a copy of its disk on another machine of the same model would be told from it."""
        whole = sum(WEIGHTS[trait] for trait, _ in self.marks)
        copied = sum(WEIGHTS[trait] for trait, _ in self.marks if trait not in BUILT_IN)
        return copied * 100 < NEEDED * whole


def fingerprint(traits: Traits, key: bytes) -> Fingerprint:
    """key: 32 bytes, of this seat alone."""
    return Fingerprint(
        tuple(
            (trait, tuple(sorted(_mark(trait, value, key) for value in values)))
            for trait, values in traits
        )
    )


def likeness(certified: Fingerprint, found: Fingerprint) -> int:
    """Per cent of the certified weight that is found again; 100 where nothing was certified. Of
    several cards or disks one suffices."""
    here = dict(found.marks)
    whole = sum(WEIGHTS[trait] for trait, _ in certified.marks)
    same = sum(
        WEIGHTS[trait] for trait, marks in certified.marks if set(marks) & set(here.get(trait, ()))
    )
    return 100 if not whole else same * 100 // whole


def require_same_machine(certified: Fingerprint, found: Fingerprint) -> None:
    """Raises SeatElsewhere."""
    alike = likeness(certified, found)
    if alike < NEEDED:
        raise SeatElsewhere(
            f"This is not the machine this seat was given to ({alike} % of it is the same, "
            f"{NEEDED} % are needed)."
        )


def fingerprint_body(prints: Fingerprint) -> dict[str, Json]:
    return {trait.value: list(marks) for trait, marks in prints.marks}


def fingerprint_in(untrusted: Fields, name: str) -> Fingerprint:
    """Raises Malformed."""
    members = untrusted.fields(name)
    if not set(members.untrusted) <= {trait.value for trait in Trait}:
        raise Malformed(name)
    found = []
    for trait in Trait:
        if trait.value in members.untrusted:
            marks = members.texts(trait.value, _MOST_VALUES)
            if not marks or list(marks) != sorted(set(marks)) or not all(map(_is_mark, marks)):
                raise Malformed(name)
            found.append((trait, marks))
    return Fingerprint(tuple(found))


def _mark(trait: Trait, value: str, key: bytes) -> str:
    return mac(key, f"cloister/trait/v1\x00{trait.value}\x00{value}".encode()).hex()[:_MARK_SIZE]


def _is_mark(text: str) -> bool:
    return len(text) == _MARK_SIZE and set(text) <= set("0123456789abcdef")
