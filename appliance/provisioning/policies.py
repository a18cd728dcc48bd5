"""Which policy packs a plan asks for, held against those in force, and where others come from.

Rules kept here: a pack comes in as it would from a parcel, signed and verified, and adds to what
binds the user; none is taken out of force. Packs that ship are put in force by the institution's
managed settings as well; where neither has one that the file's author counts on, nothing is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from appliance.errors import CloisterError
from appliance.policies_in_force import require_usable
from appliance.provisioning.mistakes import Mistake
from appliance.provisioning.plan import Plan, Written
from appliance.provisioning.state import in_force
from appliance.settings import Settings


def source_of(plan: Plan, wanted: Written) -> Path | None:
    """The folder the pack is brought in from."""
    if plan.packs_folder is None:
        return None
    return plan.packs_folder.path / wanted.text.partition("@")[0]


def policy_mistakes(
    plan: Plan, serials: Mapping[str, int], settings: Settings, data: Path
) -> Iterator[Mistake]:
    """serials: of the packs in force, by name."""
    for wanted in plan.packs:
        if in_force(wanted, serials):
            continue
        source = source_of(plan, wanted)
        yield from (
            _absent(wanted, serials)
            if source is None
            else _unusable(wanted, source, settings, data)
        )


def _absent(wanted: Written, serials: Mapping[str, int]) -> Iterator[Mistake]:
    name = wanted.text.partition("@")[0]
    if name in serials:
        yield Mistake(
            wanted.line,
            f"This policy pack is in force with the older serial {serials[name]}.",
            "Name a `folder` that has the newer one, or bring the program up to date.",
        )
        return
    yield Mistake(
        wanted.line,
        "This policy pack is not in force here.",
        "Have `packs` in the managed settings name it, or name the `folder` it lies in.",
    )


def _unusable(wanted: Written, source: Path, settings: Settings, data: Path) -> Iterator[Mistake]:
    name, _, least = wanted.text.partition("@")
    try:
        found, serial = require_usable(settings, data, source)
    except CloisterError as error:
        yield Mistake(wanted.line, error.sentence, error.next_step)
        return
    if found != name:
        yield Mistake(wanted.line, f"What lies there is the pack {found}.", "Correct the name.")
    elif least and serial < int(least):
        said = f"The pack that lies there has the older serial {serial}."
        yield Mistake(wanted.line, said, "Copy the newer one there.")
