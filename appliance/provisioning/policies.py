"""Which policy packs a plan asks for, held against those in force.

Rules kept here: provisioning puts no pack in force and takes none out of it, for the institution
does that in its managed settings; it makes sure that what its author counts on is so, or does
nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from appliance.desk import PACKS
from appliance.policy import Pack, load_packs, shipped_folder
from appliance.provisioning.mistakes import Mistake
from appliance.provisioning.plan import Plan
from appliance.settings import Settings


def packs_in_force(settings: Settings) -> tuple[Pack, ...]:
    """Verified. Raises PackError. settings: which of those that ship the institution has chosen;
    this version has one choice."""
    del settings
    return load_packs(shipped_folder() / name for name in PACKS)


def policy_mistakes(plan: Plan, serials: Mapping[str, int]) -> Iterator[Mistake]:
    """serials: of the packs in force, by name."""
    for wanted in plan.packs:
        name, _, serial = wanted.text.partition("@")
        if name not in serials:
            yield Mistake(
                wanted.line,
                "This policy pack is not in force here.",
                "Have `packs` in the managed settings name it, then run this again.",
            )
        elif serial and serials[name] < int(serial):
            yield Mistake(
                wanted.line,
                f"This policy pack is in force with the older serial {serials[name]}.",
                "Bring the program up to date, then run this again.",
            )
