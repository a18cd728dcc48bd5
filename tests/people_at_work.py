"""A hospital's data folder with people in it, and their desks: vault, log, stores, policy and the
counting of failures are the real ones; encoder and reader, which keep nothing, are small fakes.

The folder is made once and copied. Its passphrases are hardly stretched (tests/stretching.py), and
a pack that was verified is not verified again (the real result is remembered)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from appliance import desk, opening, policies_in_force
from appliance.app import Appliance
from appliance.clock import now
from appliance.policy import load_packs
from appliance.settings import Settings
from appliance.values import (
    AirgapReport,
    Answered,
    Found,
    ImportProgress,
    ImportState,
    LogRecord,
    Probe,
    Role,
)
from tests.faults.crashing import with_small_parts
from tests.stretching import stretched_quickly

SECRETS = {
    "Anna": "seven lanterns over quiet water",
    "Bert": "green boats leave before noon",
    "Dora": "a ladder behind the old mill",
    "Egon": "nobody counts the morning bells",
}
CANARY = "The quernstone protocol allows 17 visitors."
WARD = "Ward 9"
PROVED = AirgapReport("test", ("none",), (Probe("none", True, ""),), now())


@dataclass(frozen=True, slots=True)
class Hospital:
    """Anna founded it (all roles) and is a member of Ward 9, where one document is. Bert is a
    member (of no collection), Dora an administrator, Egon an auditor, and nothing else."""

    data: Path
    code: str
    ward: str
    ids: dict[str, str]

    def copied(self, folder: Path) -> Hospital:
        shutil.copytree(self.data, folder)
        return Hospital(folder, self.code, self.ward, self.ids)

    def appliance(self, settings: Settings | None = None) -> Appliance:
        return Appliance(self.data, settings or Settings(), PROVED)

    @contextmanager
    def desk(self, name: str, settings: Settings | None = None) -> Iterator[Appliance]:
        """Logged in; closed cleanly afterwards."""
        appliance = self.appliance(settings)
        appliance.unlock(SECRETS[name], name)
        try:
            yield appliance
        finally:
            appliance.close()

    def records(self) -> tuple[LogRecord, ...]:
        """The whole log, as the auditor sees it."""
        with self.desk("Egon") as egon:
            return egon.log_records(0, 1_000_000)

    def actions(self) -> list[str]:
        return [record.action for record in self.records()]


@contextmanager
def without_children(*, quickly: bool = True) -> Iterator[None]:
    """quickly: not for a folder that a process of its own will open."""
    with ExitStack() as patches:
        patch = patches.enter_context(pytest.MonkeyPatch.context())
        for module, name in ((opening, "make_engine"), (desk, "SandboxedReader")):
            patch.setattr(module, name, getattr(module, name))  # put back at the end
        with_small_parts()
        if quickly:
            patches.enter_context(stretched_quickly())
        packs = cache(
            lambda folders, seen, retired: load_packs(folders, seen=seen, retired=retired)
        )
        patch.setattr(
            policies_in_force,
            "load_packs",
            lambda folders, seen=(), retired=(): packs(tuple(folders), tuple(seen), tuple(retired)),
        )
        yield


def founded(data: Path, papers: Path) -> Hospital:
    papers.mkdir()
    (papers / "protocol.txt").write_text(f"{CANARY}\n")
    appliance = Appliance(data, Settings(), PROVED)
    data.mkdir(mode=0o700)
    (data / "spill").mkdir()
    code = appliance.create("Anna", SECRETS["Anna"])
    ward = appliance.create_collection(WARD).id
    with appliance.people() as people:
        ids = {"Anna": appliance_id(appliance)}
        for name, role in (
            ("Bert", Role.MEMBER), ("Dora", Role.ADMINISTRATOR), ("Egon", Role.AUDITOR)
        ):  # fmt: skip
            ids[name] = people.add(name, SECRETS[name], (role,))[0].id
    assert added(appliance, ward, papers) == 1
    appliance.close()
    return Hospital(data, code, ward, ids)


def appliance_id(appliance: Appliance) -> str:
    person = appliance.person
    assert person is not None
    return person.id


def added(appliance: Appliance, collection: str, folder: Path) -> int:
    """Imports a folder; how many documents are new."""
    return sum(
        isinstance(event, ImportProgress) and event.state is ImportState.ADDED
        for event in appliance.add(collection, [folder])
    )


def found(appliance: Appliance, *collections: str) -> str:
    """What an ask finds, as one text; empty for nothing."""
    events = list(appliance.ask("How many visitors are allowed?", collections=collections))
    assert isinstance(events[-1], Answered), events[-1]
    texts = [
        scored.passage.text
        for event in events
        if isinstance(event, Found)
        for scored in event.passages
    ]
    return " ".join(texts)
