"""Backups and parcels that are kept in memory, made as slowly as they are told to be."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from appliance.administration import CarryingStopped
from appliance.app import Cancellation
from appliance.library_parcels import WrongLibraryCode
from appliance.parcel.errors import NoBackup, NoParcel, ParcelInterrupted
from appliance.parts import licence_text, parts
from appliance.policies_shown import PoliciesInForce
from appliance.values import (
    AirgapReport,
    BackupChecked,
    BackupMade,
    BackupNoted,
    EvidenceWritten,
    ParcelItem,
    ParcelOutcome,
    ParcelView,
    Part,
    PartKind,
    PartShown,
    Run,
    Sheet,
    evidence_paths,
)
from tests.gui.memory_screens import MemoryModels
from tests.gui.memory_state import Pace

WHEN = datetime(2026, 11, 20, 14, 2, 9, tzinfo=UTC)
SIZE = 1_240_000_000
CODE = "K7QM-2XTD"
BARRED = "Only curators add documents. The policy does not allow it."
ITEMS = (
    ParcelItem("revocation/seats@5", "revocation", "seats", "5", 2_100, "new"),
    ParcelItem("policy/gdpr@3", "policy", "gdpr", "3", 18_400, "here"),
    ParcelItem("model/SmolLM2-1.7B@2", "model", "SmolLM2-1.7B", "2", 1_020_000_000, "new"),
    ParcelItem("library/formulary@2026", "library", "formulary", "2026", 88_000_000, "new"),
    ParcelItem("library/dosing@2026", "library", "dosing", "2026", 9_000_000, "barred", BARRED),
    ParcelItem("update/cloister@1.1", "update", "cloister", "1.1", 412_000_000, "incomplete"),
)  # fmt: skip
PARCEL = ParcelView(
    "Northgate IT", "9f2a 41c7 0be3 55d8", 12, datetime(2027, 2, 26, tzinfo=UTC), ITEMS
)
Progress = Callable[[int, int], None]


class MemoryCarrying:
    """parcels: what lies in each folder. backups: how many were made into each."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.parcels: dict[Path, ParcelView] = {}
        self.backups: dict[Path, int] = {}
        self.last: BackupNoted | None = None
        self.stop = Cancellation()
        self.models: MemoryModels | None = None
        self.policies_of: Callable[[], PoliciesInForce] | None = None

    @property
    def policies(self) -> PoliciesInForce:
        if self.policies_of is None:
            raise NoParcel("Nothing decides here.")
        return self.policies_of()

    @staticmethod
    def write_airgap(
        report: AirgapReport, path: Path, typeset: Callable[[Sheet], bytes]
    ) -> EvidenceWritten:
        """The PDF is set as the product's is; the rest is a word each."""
        sheet = Sheet("proof", report.tested, (Part(PartKind.TITLE, (Run("proof"),)),))
        contents = (b"<p>", typeset(sheet), b"{}")
        for one, content in zip(evidence_paths(path), contents, strict=True):
            with one.open("xb") as file:
                file.write(content)
        return EvidenceWritten("", "", 17, report.holds, 0 if report.holds else 2, "key")

    @staticmethod
    def parts() -> tuple[PartShown, ...]:
        return parts()

    @staticmethod
    def licence_text(part: str, file: str) -> str:
        return licence_text(part, file)

    def last_backup(self) -> BackupNoted | None:
        return self.last

    def back_up(self, folder: Path, progress: Progress) -> BackupMade:
        self._work(SIZE, progress, CarryingStopped("Stopped."))
        number = self.backups[folder] = self.backups.get(folder, 0) + 1
        self.last = BackupNoted(number, WHEN, SIZE)
        return BackupMade(number, WHEN, 212, SIZE, 31_000_000, "9f2a41c70be355d8")

    def check(self, folder: Path, progress: Progress) -> BackupChecked:
        if folder not in self.backups:
            raise NoBackup(f"There is no backup in {folder}.")
        self._work(SIZE, progress, CarryingStopped("Stopped.", hint="Nothing was changed."))
        number = self.backups[folder]
        return BackupChecked(number, number, WHEN, 320, SIZE)

    def is_parcel(self, folder: Path) -> bool:
        return folder in self.parcels

    def look_at(self, folder: Path) -> ParcelView:
        if folder not in self.parcels:
            raise NoParcel(f"There is no parcel in {folder}.")
        return self.parcels[folder]

    def take_in(
        self, folder: Path, wanted: Sequence[str], codes: Mapping[str, str], progress: Progress
    ) -> tuple[ParcelOutcome, ...]:
        view = self.look_at(folder)
        outcomes = []
        for item in view.items:
            if item.id not in wanted:
                continue
            self._work(item.size, progress, ParcelInterrupted("Stopped."))
            if item.kind == "library" and codes.get(item.id) != CODE:
                error = WrongLibraryCode("This code does not open the library.")
                outcomes.append(ParcelOutcome(item.id, False, error.sentence, error.next_step))
                continue
            view = replace(
                view,
                items=tuple(
                    replace(one, state="here") if one.id == item.id else one for one in view.items
                ),
            )
            outcomes.append(ParcelOutcome(item.id, True, note="It can be used from now on."))
        self.parcels[folder] = view
        return tuple(outcomes)

    def _work(self, size: int, progress: Progress, stopped: Exception) -> None:
        for done in range(1, 21):
            if self.stop.cancelled:
                raise stopped
            time.sleep(self.pace.file)
            progress(size * done // 20, size)
