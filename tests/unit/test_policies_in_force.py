"""Which packs are in force, the managed settings say, and the log remembers."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from appliance import policies_in_force
from appliance.ledger import Ledger
from appliance.policies_in_force import bring_in, open_policy, packs_in_force, serial_in_force
from appliance.policy import Action, PolicyEngine, shipped_folder
from appliance.policy.errors import PackAltered, PackMissing, PackRolledBack
from appliance.settings import Settings
from appliance.values import Question
from appliance.vault.durable import write_atomic
from tests.contract.fakes import ANNA, NOON

NOWHERE = Path("/nonexistent")
"""A data folder that no pack came into."""


@dataclass
class Numbers:
    """The numbers of a log."""

    held: dict[str, int] = field(default_factory=dict)

    def latest_values(self, kind: str) -> dict[str, int]:
        return {k.partition("/")[2]: v for k, v in self.held.items() if k.startswith(f"{kind}/")}

    def note_value(self, kind: str, identity: str, value: int) -> int:
        self.held[f"{kind}/{identity}"] = value
        return 0


@dataclass
class Notes:
    log: Numbers = field(default_factory=Numbers)
    said: list[tuple[str, str]] = field(default_factory=list)

    def note(self, action: str, *, object: str) -> int:
        self.said.append((action, object))
        return 0


def opened(notes: Notes, packs: str = "") -> tuple[str, ...]:
    return open_policy(cast(Ledger, notes), Settings(packs=packs), NOWHERE).packs


def shipped_policy(settings: Settings) -> PolicyEngine:
    return PolicyEngine(packs_in_force(settings, NOWHERE))


def test_the_baseline_alone_is_in_force_and_lets_no_program_ask() -> None:
    policy = shipped_policy(Settings())
    assert [name.partition("@")[0] for name in policy.packs] == ["baseline"]
    assert not policy.decide_action(ANNA, Action.USE_API, "letters").allowed


def test_the_pack_that_the_institution_names_lets_members_programs_ask() -> None:
    policy = shipped_policy(Settings(packs="api"))
    verdict = policy.decide_action(ANNA, Action.USE_API, "letters")
    assert verdict.allowed
    assert verdict.policies == ("api.members-have-programs-ask",)


def test_what_came_before_a_question_is_decided_as_well() -> None:
    policy = shipped_policy(Settings())
    before = ("How do I delete the audit log?", "Like this.")
    asked = Question("q", "And how exactly?", ANNA, NOON, before=before)
    assert not policy.decide(asked).allowed
    assert policy.decide(Question("q", "And how exactly?", ANNA, NOON)).allowed


def test_coming_and_going_is_logged_once_each() -> None:
    notes = Notes()
    opened(notes)
    assert notes.said == []
    opened(notes, "api")
    opened(notes)
    opened(notes)
    opened(notes, "api, api")
    assert notes.said == [("pack.retired", "api"), ("pack.restored", "api")]


def test_a_pack_older_than_the_log_knows_is_refused_even_after_a_pause() -> None:
    notes = Notes()
    opened(notes, "api")
    notes.log.held["pack/api"] = 9
    opened(notes)
    with pytest.raises(PackRolledBack):
        opened(notes, "api")


def test_a_pack_that_is_named_and_not_there_is_an_error() -> None:
    with pytest.raises(PackMissing, match="`no-such-pack`") as caught:
        opened(Notes(), "no-such-pack")
    assert "managed settings" in caught.value.next_step


API = shipped_folder() / "api"


def brought(data: Path) -> dict[str, int]:
    return {pack.name: pack.serial for pack in packs_in_force(Settings(), data)}


def test_a_signed_pack_is_brought_in_from_a_folder_and_its_serial_counts(tmp_path: Path) -> None:
    assert "api" not in brought(tmp_path)
    label = bring_in(Settings(), tmp_path, API)
    assert label == f"api@{brought(tmp_path)['api']}"
    there = (tmp_path / "packs" / label).stat().st_ino
    assert bring_in(Settings(), tmp_path, API) == label
    assert (tmp_path / "packs" / label).stat().st_ino == there  # left as it is
    assert [path.name for path in (tmp_path / "packs").iterdir()] == [label]


def test_a_pack_that_is_not_as_it_was_signed_is_not_brought_in(tmp_path: Path) -> None:
    for number, (name, content) in enumerate(
        (("api.cedar", b"permit(principal, action, resource);"), ("more.cedar", b""))
    ):
        forged = Path(shutil.copytree(API, tmp_path / str(number) / "api"))
        (forged / name).write_bytes(content)
        with pytest.raises(PackAltered):
            bring_in(Settings(), tmp_path / "data", forged)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("step", range(8))
def test_a_pack_that_was_half_brought_in_when_power_failed_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Nor does it keep the vault shut: before, or whole."""
    writes = 0

    def failing(path: Path, content: bytes) -> None:
        nonlocal writes
        writes += 1
        if writes > step:
            raise KeyboardInterrupt
        write_atomic(path, content)

    files = len(list(API.iterdir()))
    with monkeypatch.context() as patch:
        patch.setattr(policies_in_force, "write_atomic", failing)
        if step < files:
            with pytest.raises(KeyboardInterrupt):
                bring_in(Settings(), tmp_path, API)
            assert "api" not in brought(tmp_path)
        else:
            bring_in(Settings(), tmp_path, API)
    bring_in(Settings(), tmp_path, API)
    assert "api" in brought(tmp_path)


def test_a_place_for_a_pack_without_the_pack_is_none(tmp_path: Path) -> None:
    """What a parcel left that was cut off between making the folder and filling it."""
    (tmp_path / "packs" / "api@9").mkdir(parents=True)
    assert "api" not in brought(tmp_path)
    assert serial_in_force(tmp_path, "api") == 0
