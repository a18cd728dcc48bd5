"""The seat's steps of a plan, and a run that is cut off at one record after another."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from appliance.desk import Desk
from appliance.errors import StorageFull
from appliance.licensing.errors import EnrolmentUsed, LicensingError, SeatNotAsked
from appliance.policy import shipped_folder
from appliance.provisioning.carrying_out import KIOSK
from appliance.provisioning.secret_files import Codes
from appliance.vault import Vault
from tests.unit.provisioning.test_carrying_out import (
    TEXT,
    VISITORS,
    carried_out,
    carrier,
    kinds,
    planned,
)


@dataclass
class Seat:
    """Takes licence files, and remembers them; refuses what begins with "bad"."""

    taken: list[bytes] = field(default_factory=list)

    def take(self, untrusted: bytes) -> object:
        if untrusted.startswith(b"bad"):
            raise StorageFull("Not this one.")
        self.taken.append(untrusted)
        return None

    def request(self, label: str) -> bytes:
        return f"request of {label}".encode()


SEATED = '[licence]\nfiles = ["one.json", "two.json"]\n[seat]\nlabel = "W"\nrequest_file = "r"\n'


def test_licence_files_are_taken_once_in_order_and_a_request_is_written_once(
    desk: Desk, tmp_path: Path, codes: Codes
) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.json").write_text(name)
    plan, seat = planned(tmp_path, TEXT + SEATED), Seat()
    made = carrier(desk, plan, seat)
    assert ("seat", "done") in kinds(carried_out(made, plan))
    assert seat.taken == [b"one", b"two"]
    assert (tmp_path / "r").read_bytes() == b"request of W"
    assert carried_out(made, plan) == []
    (tmp_path / "two.json").write_text("two, renewed")
    assert kinds(carried_out(made, plan)) == [("licence", "done")]
    (tmp_path / "one.json").unlink()
    state = made.state()
    assert state.taken >= {hashlib.sha256(b"two, renewed").hexdigest()}


def test_a_licence_that_is_refused_ends_the_run_and_the_next_goes_on(
    desk: Desk, tmp_path: Path, codes: Codes
) -> None:
    (tmp_path / "one.json").write_text("one")
    (tmp_path / "two.json").write_text("bad")
    plan, seat = planned(tmp_path, TEXT + SEATED), Seat()
    with pytest.raises(StorageFull):
        carried_out(carrier(desk, plan, seat), plan)
    (tmp_path / "two.json").write_text("two")
    assert kinds(carried_out(carrier(desk, plan, seat), plan)) == [
        ("licence", "done"), ("seat", "done"),
    ]  # fmt: skip
    assert seat.taken == [b"one", b"two"]


class Cut(BaseException):
    """The power went."""


def cut_before_note(patch: pytest.MonkeyPatch, desk: Desk, number: int) -> None:
    """From here on the log takes so many notes and no more."""
    left = [number]

    def guarded(write: Callable[..., int]) -> Callable[..., int]:
        def writing(*given: object, **named: object) -> int:
            if not left[0]:
                raise Cut
            left[0] -= 1
            return write(*given, **named)

        return writing

    patch.setattr(desk.ledger, "note", guarded(desk.ledger.note))
    patch.setattr(desk.ledger.log, "note_value", guarded(desk.ledger.log.note_value))


def test_runs_that_are_cut_at_one_record_after_another_come_to_the_same_end(
    desk: Desk, tmp_path: Path, codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run n gets as far as its record n: what was done and not noted, and what was noted and not
    done, is found in every order."""
    shutil.copytree(shipped_folder() / "api", tmp_path / "packs" / "api")
    for name in ("one", "two"):
        (tmp_path / f"{name}.json").write_text(name)
    policies = '[policies]\nfolder = "packs"\npacks = ["api"]\n'
    plan, seat = planned(tmp_path, TEXT + VISITORS + SEATED + policies), Seat()
    cuts = 0
    while True:
        with monkeypatch.context() as patch:
            cut_before_note(patch, desk, cuts)
            try:
                carried_out(carrier(desk, plan, seat), plan)
                break
            except Cut:
                cuts += 1
    assert cuts > 10
    people = {person.name: person for person in desk.session.people()}
    assert sorted(people) == ["Anna Berg", "Ida", "Visitor"]
    assert sorted(title for _, title in desk.session.collections()) == ["Visitors", "Ward 9"]
    ids = {title: identifier for identifier, title in desk.session.collections()}
    assert people["Anna Berg"].id in desk.session.members(ids["Ward 9"])
    assert people["Visitor"].id in desk.session.members(ids["Visitors"])
    assert desk.ledger.log.latest_value(KIOSK, ids["Visitors"]) == 1
    assert dict.fromkeys(seat.taken) == {b"one": None, b"two": None}
    for name in ("Anna Berg", "Visitor"):
        code = codes.file(name).read_text().splitlines()[2]
        Vault(desk.place.data).unlock(code, name).close()
    # A pack is in force from the next log-in on, and this desk is still the same.
    assert kinds(carried_out(carrier(desk, plan, seat), plan)) == [("policy", "done")]


class UsedUp(Seat):
    """Says of everything that it was used before, as a seat does of a token or a certificate."""

    def __init__(self, error: LicensingError) -> None:
        super().__init__()
        self.error = error

    def take(self, untrusted: bytes) -> object:
        raise self.error


def test_what_is_used_once_and_is_in_use_here_is_passed_over_and_nothing_else(
    desk: Desk, tmp_path: Path, codes: Codes
) -> None:
    """A run ended before it noted that; or the institution laid it out for all its machines."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.json").write_text("certificate")
    plan = planned(tmp_path, TEXT + SEATED)
    refused = UsedUp(SeatNotAsked("This certificate answers no request that waits here."))
    with pytest.raises(SeatNotAsked):
        carried_out(carrier(desk, plan, refused), plan)
    desk.place.licence.mkdir(exist_ok=True)
    (desk.place.licence / "certificate.json").write_text("another")
    with pytest.raises(SeatNotAsked):
        carried_out(carrier(desk, plan, refused), plan)
    (desk.place.licence / "certificate.json").write_text("certificate")
    assert ("licence", "done") in kinds(carried_out(carrier(desk, plan, refused), plan))
    (tmp_path / "two.json").write_text("token")
    used = UsedUp(EnrolmentUsed("This installation had a seat already."))
    assert kinds(carried_out(carrier(desk, plan, used), plan)) == [("licence", "done")]
