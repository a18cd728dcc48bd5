"""What an administrator does with an open desk: backups, parcels on a stick, models; and what
everybody may see of the installation: its policies and its parts.

Rules kept here: nothing is allowed here; each part asks the policy itself, when it is used. What is
cancelled stops between two pieces: earlier backups are as they were, and what arrived of a parcel
is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from appliance.airgap_evidence import write_beside
from appliance.backups import Backups
from appliance.cancellation import Cancellation
from appliance.desk import Desk
from appliance.errors import CloisterError
from appliance.exporting import Typeset
from appliance.library_parcels import pack_library
from appliance.models_shown import Models
from appliance.parcel.errors import ParcelInterrupted
from appliance.parcels import ACTIONS, Arrived, Parcels, is_parcel
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
    PartShown,
)

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all, of one item where there are several."""

LOOKED_BACK = 20_000
"""Records of the log that are looked through for the newest backup."""
_PAGE = 500


class CarryingStopped(CloisterError):
    code = "stopped"
    hint = "Every earlier backup is as it was; the next one takes over what was written."


@dataclass(frozen=True, slots=True)
class Administration:
    """stop: looked at by `back_up`, `check` and `take_in`."""

    desk: Desk
    stop: Cancellation = field(default_factory=Cancellation)

    @property
    def backups(self) -> Backups:
        return Backups(self.desk)

    @property
    def parcels(self) -> Parcels:
        return Parcels(self.desk)

    @property
    def policies(self) -> PoliciesInForce:
        return PoliciesInForce(self.desk)

    @property
    def models(self) -> Models:
        return Models(self.desk, self.stop)

    def pack_library(self, collection: str, out: Path) -> str:
        """Writes a collection for other machines; the code that opens it. Raises as
        `library_parcels.pack_library`."""
        return pack_library(self.desk, collection, out)

    # --- for a screen ------------------------------------------------------------------------

    def back_up(self, folder: Path, progress: Progress) -> BackupMade:
        """Raises as `Backups.create`, CarryingStopped."""
        stopped = CarryingStopped("Stopped.")
        written = self.backups.create(folder, progress=self._stoppable(progress, stopped))
        manifest = written.manifest
        return BackupMade(
            manifest.number,
            manifest.created,
            manifest.files,
            manifest.content_size,
            written.written_size,
            written.fingerprint,
            written.left_out,
        )

    def check(self, folder: Path, progress: Progress) -> BackupChecked:
        """Raises as `Backups.check`, CarryingStopped."""
        stopped = CarryingStopped("Stopped.", hint="Nothing was changed.")
        checked = self.backups.check(folder, progress=self._stoppable(progress, stopped))
        return BackupChecked(
            checked.first, checked.last, checked.newest.created, checked.chunks, checked.size
        )

    def last_backup(self) -> BackupNoted | None:
        """By the log; None where its newest records speak of none."""
        log = self.desk.ledger.log
        end = log.size
        for start in range(end - _PAGE, end - LOOKED_BACK - _PAGE, -_PAGE):
            for record in reversed(log.records(max(0, start), _PAGE + min(0, start))):
                if record.action == "backup.created":
                    fields = dict(record.fields)
                    number, size = (int(fields[f"details.{name}"]) for name in ("number", "size"))
                    return BackupNoted(number, record.time, size)
            if start <= 0:
                break
        return None

    def write_airgap(self, report: AirgapReport, path: Path, typeset: Typeset) -> EvidenceWritten:
        """The air gap's evidence, as signed HTML and PDF with the proof beside them. Raises as
        `airgap_evidence.write_beside`."""
        return write_beside(self.desk, report, typeset, path)

    @staticmethod
    def parts() -> tuple[PartShown, ...]:
        """What the program is made of."""
        return parts()

    @staticmethod
    def licence_text(part: str, file: str) -> str:
        """Raises PartUnknown."""
        return licence_text(part, file)

    @staticmethod
    def is_parcel(folder: Path) -> bool:
        """Whether there is a parcel in a folder, whatever it is worth; nothing of it is read."""
        return is_parcel(folder)

    def look_at(self, folder: Path) -> ParcelView:
        """What is on a stick, and what of it this person may take in; writes nothing. Raises as
        `parcels.inspect_parcel`."""
        found = self.parcels.inspect(folder)
        return ParcelView(
            found.origin,
            found.fingerprint,
            found.version,
            found.expires,
            tuple(self._item(one) for one in found.items),
        )

    def take_in(
        self, folder: Path, wanted: Sequence[str], codes: Mapping[str, str], progress: Progress
    ) -> tuple[ParcelOutcome, ...]:
        """codes: what opens each library among them, by its id. Raises as `Parcels.take_in`;
        ParcelInterrupted also where it was cancelled."""
        stopped = ParcelInterrupted("Stopped.", hint="Import once more: it goes on from there.")
        taken = self.parcels.take_in(
            folder,
            wanted,
            code=lambda item: codes.get(item, ""),
            progress=self._stoppable(progress, stopped),
        )
        return tuple(ParcelOutcome(one.id, one.done, one.sentence, one.note) for one in taken)

    # --- within ------------------------------------------------------------------------------

    def _item(self, one: Arrived) -> ParcelItem:
        verdicts = (
            self.desk.policy.decide_action(self.desk.person, action) for action in ACTIONS[one.kind]
        )
        barred = next((verdict for verdict in verdicts if not verdict.allowed), None)
        state = "here" if one.here else "new" if one.whole else "incomplete"
        sentence = ""
        if barred is not None and state == "new":
            state, sentence = "barred", barred.sentence
        return ParcelItem(one.id, one.kind.value, one.name, one.version, one.size, state, sentence)

    def _stoppable(self, progress: Progress, error: CloisterError) -> Progress:
        def told(done: int, total: int) -> None:
            if self.stop.cancelled:
                raise error
            progress(done, total)

        return told
