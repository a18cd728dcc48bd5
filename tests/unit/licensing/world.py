"""A vendor, an institution's authority on one machine, and seats on others, with a clock that the
test moves. Everything is the real thing; only passphrases are stretched once and remembered
(conftest.py), and a seat's log keeps its values in memory."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from appliance.ledger import Ledger
from appliance.licensing.authority.judging import Terms
from appliance.licensing.authority.office import Authority, new_authority, opened_authority
from appliance.licensing.licence import Licence, Plan, licence_bytes
from appliance.licensing.machine import Trait, Traits
from appliance.licensing.seat_folder import SeatFolder
from appliance.licensing.signed import Kind, key_in, self_signed
from appliance.seat import Seat
from appliance.values import LogRecord
from appliance.vault.signers import SignerKey, TrustedKey

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PASSPHRASE = "four unrelated garden words"
VAULT_KEY = bytes(range(32))


@cache
def signer(name: str) -> SignerKey:
    seed = name.encode().ljust(32, b".")[:32]
    return SignerKey.from_seeds(seed, seed[::-1])


VENDOR = signer("vendor")
TRUSTED: tuple[TrustedKey, ...] = (VENDOR.public("vendor"),)


def machine(name: str = "ward-7", *, model: str = "Model 5") -> Traits:
    """A machine of its own; of one model, the model's traits are the same."""
    return (
        (Trait.INSTALLATION, (f"id of {name}",)),
        (Trait.NETWORK, (f"card of {name}",)),
        (Trait.DISK, (f"disk of {name}",)),
        (Trait.MODEL, (model,)),
        (Trait.PROCESSOR, (f"processor of {model}",)),
        (Trait.MEMORY, ("16 GiB",)),
    )


def changed(traits: Traits, trait: Trait, *values: str) -> Traits:
    """The machine with that trait changed, or, without values, gone."""
    kept = tuple((name, values if name is trait else old) for name, old in traits)
    return tuple((name, marks) for name, marks in kept if marks)


class Clock:
    def __init__(self, time: datetime = NOON) -> None:
        self.time = time

    def __call__(self) -> datetime:
        return self.time

    def pass_days(self, days: float) -> None:
        self.time += timedelta(days=days)


@dataclass
class ValueLog:
    """What a seat needs of the log: numbers, times and records. Times never run backwards."""

    clock: Clock
    numbers: dict[str, int] = field(default_factory=dict)
    entries: list[LogRecord] = field(default_factory=list)
    name: str = "cloister/desk"

    def __post_init__(self) -> None:
        if not self.entries:
            self.write("log.created")

    @property
    def time(self) -> datetime:
        return self.entries[-1].time

    @property
    def size(self) -> int:
        return len(self.entries)

    def root(self) -> bytes:
        return bytes(32)

    def write(
        self, action: str, outcome: str = "", code: str = "", of: str = "", **details: str
    ) -> None:
        time = max([self.clock(), *(entry.time for entry in self.entries[-1:])])
        fields = tuple((f"details.{name}", value) for name, value in details.items())
        record = LogRecord(len(self.entries), time, action, "", of, outcome,
                           (("code", code), *fields))  # fmt: skip
        self.entries.append(record)

    def latest_values(self, kind: str) -> dict[str, int]:
        known = {tuple(name.split("/", 1)): number for name, number in self.numbers.items()}
        return {identity: number for (of, identity), number in known.items() if of == kind}

    def records(self, start: int, count: int) -> tuple[LogRecord, ...]:
        return tuple(self.entries[start : start + count])

    def latest_value(self, kind: str, identity: str) -> int | None:
        return self.numbers.get(f"{kind}/{identity}")

    def note_value(self, kind: str, identity: str, value: int) -> int:
        self.numbers[f"{kind}/{identity}"] = value
        self.write("value.noted", of=f"{kind}/{identity}", value=str(value))
        return len(self.entries) - 1

    def copy(self) -> ValueLog:
        return replace(self, numbers=dict(self.numbers), entries=list(self.entries))


@dataclass
class Desk:
    """An installation: its data folder, its log and the machine it runs on."""

    folder: Path
    log: ValueLog
    traits: Traits
    clock: Clock
    trusted: tuple[TrustedKey, ...] = TRUSTED

    @property
    def seat(self) -> Seat:
        """Opened anew each time, as a restarted program does."""

        def note(action: str, **said: object) -> None:
            self.log.write(action, str(said.get("outcome", "")), str(said.get("code", "")))

        ledger = cast(Ledger, SimpleNamespace(log=self.log, note=note))
        folder = SeatFolder(self.folder, VAULT_KEY, "vault", self.trusted)
        return Seat(ledger=ledger, folder=folder, vault="vault", traits=self.traits,
                    now=self.clock, trusted=self.trusted)  # fmt: skip

    @property
    def state(self) -> str:
        return self.seat.standing().state.value

    @property
    def code(self) -> str:
        return self.seat.standing().code

    def image(self, to: Path) -> Desk:
        """A copy of everything it has on its disk."""
        if self.folder.exists():
            shutil.copytree(self.folder, to)
        return replace(self, folder=to, log=self.log.copy())


class World:
    """What a test plays in. The authority stands on the machine `it-office`."""

    def __init__(self, folder: Path, **licensed: object) -> None:
        self.folder = folder
        self.clock = Clock()
        self.authority_folder = folder / "authority"
        self.anchors = folder / "anchors"
        self.office = machine("it-office")
        key_file = new_authority(
            self.authority_folder, self.anchors, PASSPHRASE, self.office, "St. Anne", self.clock()
        )
        body = self_signed(Kind.AUTHORITY, key_file).body
        self.licence = replace(licence_for(key_in(body, "key", "St. Anne")), **licensed)  # type: ignore[arg-type]
        self.licence_file = licence_bytes(self.licence, VENDOR)
        with self.authority() as authority:
            authority.take_licence(self.licence_file, TRUSTED)
        self.desks = 0

    @contextmanager
    def authority(
        self, folder: Path | None = None, anchors: Path | None = None, traits: Traits | None = None
    ) -> Iterator[Authority]:
        with opened_authority(
            folder or self.authority_folder,
            anchors or self.anchors,
            PASSPHRASE,
            traits or self.office,
            now=self.clock(),
            trusted=TRUSTED,
        ) as authority:
            yield authority

    def renewed(self, **licensed: object) -> bytes:
        """The licence under its next serial."""
        self.licence = replace(
            self.licence,
            serial=self.licence.serial + 1,
            issued=self.clock(),
            **licensed,  # type: ignore[arg-type]
        )
        return licence_bytes(self.licence, VENDOR)

    def relicensed(self, **licensed: object) -> World:
        """With another licence from the beginning, known to the authority."""
        self.licence_file = self.renewed(**licensed)
        with self.authority() as authority:
            authority.take_licence(self.licence_file, TRUSTED)
        return self

    def desk(self, name: str = "", *, licensed: bool = True) -> Desk:
        """A new installation on a machine of its own."""
        self.desks += 1
        name = name or f"ward-{self.desks}"
        desk = Desk(self.folder / f"data-{self.desks}", ValueLog(self.clock), machine(name),
                    self.clock)  # fmt: skip
        if licensed:
            desk.seat.take(self.licence_file)
        return desk

    def approve(self, request: bytes, **terms: object) -> bytes:
        """Raises what is wrong with the request."""
        with self.authority() as authority:
            given = authority.approve((request,), Terms(**terms))[0]  # type: ignore[arg-type]
        if given.error is not None:
            raise given.error
        return given.certificate

    def seated(self, name: str = "", **terms: object) -> Desk:
        """An installation with a seat."""
        desk = self.desk(name)
        desk.seat.take(self.approve(desk.seat.request(name), **terms))
        return desk

    def revocations(self, *wanted: str) -> bytes:
        """Revokes, and signs the list."""
        with self.authority() as authority:
            for one in wanted:
                authority.revoke(one)
            return authority.revocation_list()


def licence_for(authority: TrustedKey) -> Licence:
    return Licence(
        id="5a" * 16,
        serial=1,
        institution="St. Anne",
        plan=Plan.SUBSCRIPTION,
        issued=NOON,
        start=NOON - timedelta(days=1),
        end=NOON + timedelta(days=365),
        grace_days=14,
        seats=3,
        tokens=0,
        overage=False,
        lease_days=90,
        features=("api", "written"),
        authority=authority,
    )
