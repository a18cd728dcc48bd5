"""What the appliance in memory has for the newer screens: versions, the log searched, models."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import cast

from appliance.administration import CarryingStopped
from appliance.app import Cancellation
from appliance.audit.excerpt import fits
from appliance.desk import Desk
from appliance.engine.errors import BundleUntrusted
from appliance.exporting import write_new
from appliance.place import Place
from appliance.policies_in_force import packs_in_force
from appliance.policies_shown import PoliciesInForce
from appliance.policy import PolicyEngine
from appliance.settings import Settings
from appliance.shelves import RetiredAlready, lineage
from appliance.values import (
    DocumentInfo,
    Excerpted,
    Hardware,
    ImportEvent,
    Inclusion,
    LogFilter,
    LogFound,
    ModelShown,
    Person,
    Role,
    Speed,
)
from tests.gui.memory_library import MemoryLibrary
from tests.gui.memory_state import Pace, State

NOWHERE = Path("/nonexistent")
COMPOSER = ModelShown(
    "composer@1", "qwen2", "q8f32", 2048, 31_000_000, 33_400_000, "Apache-2.0", "with the program",
    ("cpu",), shipped=True, used=True,
)  # fmt: skip
SMOL = ModelShown(
    "SmolLM2-1.7B@2", "llama", "q4f16_1", 8192, 1_711_000_000, 1_020_000_000, "Apache-2.0",
    "huggingface.co/HuggingFaceTB/SmolLM2-1.7B-Instruct", ("cpu", "cuda"),
)  # fmt: skip
BROKEN = ModelShown("ward-notes@1", problem="A file of it is missing.")


class MemoryShelves:
    def __init__(self, state: State, library: MemoryLibrary) -> None:
        self._held, self._library = state, library

    def versions(self, collection: str, document: str) -> tuple[DocumentInfo, ...]:
        return lineage(self._library.documents(collection), document)

    def retire(self, collection: str, document: str) -> None:
        self._require_answering(collection, document)
        self._put(collection, document, self._held.clock, "")
        self._held.note("document.retired", document, "done")

    def restore(self, collection: str, document: str) -> None:
        self._put(collection, document, None, "")
        self._held.note("document.restored", document, "done")

    def replace(
        self, collection: str, document: str, path: Path, stop: Cancellation
    ) -> Iterator[ImportEvent]:
        self._require_answering(collection, document)
        known = {info.id for info in self._library.documents(collection)}
        for event in self._library.add(collection, [path], stop):
            added = [one.id for one in self._library.documents(collection) if one.id not in known]
            if added:
                self._put(collection, document, self._held.clock, added[0])
                self._held.note("document.retired", document, "done")
                known |= set(added)
            yield event

    def _require_answering(self, collection: str, document: str) -> None:
        if self._held.documents[collection][document].info.retired is not None:
            raise RetiredAlready("This document is retired already.")

    def _put(
        self, collection: str, document: str, retired: datetime | None, successor: str
    ) -> None:
        with self._held.guard:
            stored = self._held.documents[collection][document]
            info = replace(stored.info, retired=retired, successor=successor)
            self._held.documents[collection][document] = replace(stored, info=info)


class MemoryLogbook:
    def __init__(self, state: State, pace: Pace) -> None:
        self._held, self._pace = state, pace

    def find(self, wanted: LogFilter, before: int = -1, count: int = 200) -> LogFound:
        time.sleep(self._pace.stage)
        log = self._held.log
        end = len(log) if before < 0 else before
        start = max(0, end - count)
        found = [record for record in reversed(log[start:end]) if fits(record, wanted)]
        return LogFound(tuple(found), end - start, start)

    def proof(self, seq: int) -> Inclusion:
        log = self._held.log
        leaf = repr(log[seq]).encode()
        root = hashlib.sha256(repr(log).encode()).digest()
        key = "cloister-log+5f1c2a9b+ATx8mZ4oQf7cU2rVw3kYb1NnPq6sHd9eGjL0tXvRzBaC"
        note = f"cloister-log\n{len(log)}\n{root.hex()}\n"
        return Inclusion("cloister-log", key, key, 0, seq, len(log), leaf, (root,), root, note)

    def export(self, wanted: LogFilter, into: Path) -> Excerpted:
        log = self._held.log
        found = [record for record in reversed(log) if fits(record, wanted)]
        content = "".join(f"{record}\n" for record in found).encode()
        write_new(into, content)
        digest = hashlib.sha256(content).hexdigest()
        self._held.note("log.exported", digest, "done")
        key = self.proof(0).public_key
        return Excerpted(len(found), len(log) - 1, len(log) - 1, digest, len(log) - 1, key)

    def people(self) -> dict[str, str]:
        return {self._held.name: self._held.name}


@dataclass
class MemoryModels:
    """trusting: what is in a folder was signed by somebody trusted here."""

    pace: Pace
    here: list[ModelShown] = field(default_factory=lambda: [COMPOSER])
    trusting: bool = True
    stop: Cancellation = field(default_factory=Cancellation)

    def shown(self) -> tuple[ModelShown, ...]:
        return tuple(self.here)

    def hardware(self) -> Hardware:
        return Hardware(
            "Intel(R) Core(TM) i7-1365U", "x86-64-v3", 12, 33_300_000_000, 21_400_000_000, "", ""
        )

    def measure(self, wanted: str) -> Speed:
        for _ in range(10):
            if self.stop.cancelled:
                raise CarryingStopped("Measuring was stopped.", hint="Nothing was changed.")
            time.sleep(self.pace.file)
        speed = Speed(14.6, 212.0, 1.9, 8)
        self.here = [replace(m, speed=speed) if m.id == wanted else m for m in self.here]
        return speed

    def tried(self, wanted: str, text: str) -> Iterator[str]:
        for word in f"{wanted} heard: {text}".split():
            if self.stop.cancelled:
                return
            time.sleep(self.pace.token)
            yield f"{word} "

    # --- as ChatModels -----------------------------------------------------------------------

    def install(self, source: Path, *, trust_unsigned: bool = False) -> Installed:
        if not self.trusting and not trust_unsigned:
            raise BundleUntrusted(f"The bundle in {source.name} is not signed.")
        model = replace(SMOL, signed=self.trusting)
        self.here.append(model)
        return Installed(model)

    def remove(self, wanted: str) -> str:
        self.here = [model for model in self.here if model.id != wanted]
        return wanted


@dataclass(frozen=True)
class Installed:
    manifest: ModelShown


@dataclass
class Asking:
    """The part of a desk that policies are shown of; it decides by the packs that ship."""

    clock: datetime
    settings: Settings = field(default_factory=Settings)
    place: Place = field(default_factory=lambda: Place(NOWHERE))
    lock_minutes: int = 15

    def __post_init__(self) -> None:
        self.policy = PolicyEngine(packs_in_force(self.settings, None))
        self.person = Person("p1", "Dr Ada Winter", (Role.MEMBER, Role.CURATOR))

    def now(self) -> datetime:
        return self.clock


def policies(state: State) -> PoliciesInForce:
    return PoliciesInForce(cast("Desk", Asking(state.clock)))
