"""Which policy packs a plan asks for, held against those in force.

Rules kept here: provisioning puts no pack in force and takes none out of it, for the institution
does that in its managed settings; it makes sure that what its author counts on is so, or does
nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from appliance.provisioning.mistakes import Mistake
from appliance.provisioning.plan import Plan


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
