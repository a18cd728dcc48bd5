"""The policy packs an open desk decides by: those that ship, as the institution has them in force.

Rules kept here: the baseline is always in force; further packs that come with the program are where
the managed settings name them; no pack is older than one the log has seen in force; that a pack is
no longer in force is logged, for what it forbade or allowed changes with it.
"""

from __future__ import annotations

from appliance.ledger import Ledger
from appliance.policy import Pack, PolicyEngine, load_packs, shipped_folder
from appliance.settings import Settings

BASELINE = "baseline"
_RETIRED = "pack_retired"


def packs_in_force(settings: Settings) -> tuple[Pack, ...]:
    """Verified, without a log to say what was in force before. Raises PackError."""
    return load_packs([shipped_folder() / name for name in _names(settings)])


def open_policy(ledger: Ledger, settings: Settings) -> PolicyEngine:
    """The packs in force, none older than those the log has seen. Raises PackError."""
    names = _names(settings)
    known = ledger.log.latest_values("pack")
    gone = sorted(set(known) - set(names))
    packs = load_packs(
        [shipped_folder() / name for name in names],
        seen=[f"{name}@{serial}" for name, serial in known.items()],
        retired=gone,
    )
    for pack in packs:
        if known.get(pack.name) != pack.serial:
            ledger.log.note_value("pack", pack.name, pack.serial)
    retired = ledger.log.latest_values(_RETIRED)
    for name in (*names, *gone):
        if retired.get(name, 0) != int(name in gone):
            ledger.note("pack.retired" if name in gone else "pack.restored", object=name)
            ledger.log.note_value(_RETIRED, name, int(name in gone))
    return PolicyEngine(packs)


def _names(settings: Settings) -> tuple[str, ...]:
    return tuple(dict.fromkeys((BASELINE, *settings.more_packs)))
