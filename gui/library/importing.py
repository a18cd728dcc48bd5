"""An import as it goes: how many, which file and how far in it, how long still, what failed and
what to do about it.

Rules kept here: every file that failed is listed with a sentence and a next step; the list shows
the first thousand and counts the rest.
"""

from __future__ import annotations

from pathlib import PurePath
from time import monotonic

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QProgressBar, QWidget

from appliance.errors import CloisterError
from appliance.values import (
    ImportEvent,
    ImportFinished,
    ImportProgress,
    ImportStarted,
    ImportState,
    ImportWorking,
)
from gui.controls.buttons import GlyphButton, TextButton
from gui.controls.labels import Elided, Words
from gui.controls.notice import Notice
from gui.controls.work_card import lay_out
from gui.library.failures import Failure, Failures
from gui.text import counts


class ImportCard(QFrame):
    """Shows one import; `cancelled` when the person wants it to stop, `dismissed` after the end."""

    cancelled = Signal()
    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName(self.tr("Import"))
        self._began = monotonic()
        self._started_at = 0
        self._failed = self._added = self._pages = 0
        self.title = Words(self.tr("Looking for documents …"), "strong")
        self.left = Words("", "caption")
        self.file = Elided("", "caption")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 0)
        self.bar.setAccessibleName(self.tr("Progress of the import"))
        self.cancel = TextButton(self.tr("Cancel"))
        self.dismiss = GlyphButton("close", self.tr("Close the report"))
        self.dismiss.hide()
        self.notice = Notice()
        self.notice.hide()
        self.failures = Failures()
        self.failures.hide()
        self._arrange()
        self.cancel.clicked.connect(self._cancel)
        self.dismiss.clicked.connect(self.dismissed)

    def take(self, events: tuple[ImportEvent, ...]) -> None:
        """A batch: all of it is counted, the last of it is shown."""
        latest: ImportProgress | None = None
        working: ImportWorking | None = None
        failures: list[Failure] = []
        for event in events:
            match event:
                case ImportStarted(_, total):
                    self.bar.setRange(0, max(1, total))
                    self.title.setText(self._reading(0, total))
                case ImportWorking():
                    working = event
                case ImportProgress():
                    latest, working = event, None
                    failures += self._counted(event)
                case ImportFinished():
                    self._finished(event)
        if failures:
            self.failures.add(failures)
            self.failures.show()
        if latest is not None and self.cancel.isVisibleTo(self):
            self._show(latest)
        if working is not None and self.cancel.isVisibleTo(self):
            self.file.set(self._at_work(working))

    def broke(self, error: CloisterError) -> None:
        """The import ended with an error; what was added stays."""
        self._settle(self.tr("The import stopped"))
        self.notice.complain(error)

    @property
    def failed(self) -> int:
        return self._failed

    def _counted(self, event: ImportProgress) -> list[Failure]:
        name = PurePath(event.path).name
        self._pages += event.pages
        if event.state is ImportState.FAILED:
            self._failed += 1
            return [Failure(name, event.sentence, event.hint)]
        self._added += event.state is ImportState.ADDED
        return [
            Failure(
                self.tr("{file}, page {page}").format(file=name, page=failure.page)
                if failure.page
                else name,
                failure.sentence,
                self.tr("The other pages were added."),
            )
            for failure in event.failures
        ]

    def _show(self, event: ImportProgress) -> None:
        if not self._started_at:
            self._started_at = event.done
            self._began = monotonic()
        self.bar.setRange(0, max(1, event.total))
        self.bar.setValue(event.done)
        self.title.setText(self._reading(event.done, event.total))
        done, total = event.done - self._started_at, event.total - self._started_at
        self.left.setText(counts.time_left(done, total, monotonic() - self._began))
        self.file.set(PurePath(event.path).name)

    def _at_work(self, event: ImportWorking) -> str:
        """The count stands first: a long name must not push it out of sight."""
        name = PurePath(event.path).name
        if not event.passages_total:
            return name
        return self.tr("{done} of {total} passages · {file}").format(
            done=counts.number(event.passages),
            total=counts.number(event.passages_total),
            file=name,
        )

    def _reading(self, done: int, total: int) -> str:
        text = self.tr("Reading {done} of {total} documents").format(
            done=counts.number(done), total=counts.number(total)
        )
        if self._failed:
            text += " · " + self.tr("{} failed").format(counts.number(self._failed))
        return text

    def _finished(self, event: ImportFinished) -> None:
        parts = [
            counts.counted(event.added, self.tr("document added"), self.tr("documents added")),
        ]
        if event.unchanged:
            parts.append(self.tr("{} already there").format(counts.number(event.unchanged)))
        if event.failed:
            parts.append(self.tr("{} failed").format(counts.number(event.failed)))
        self._settle(" · ".join(parts))
        self.left.setText(
            self.tr("{pages} in {time}").format(
                pages=counts.counted(event.pages, self.tr("page"), self.tr("pages")),
                time=counts.seconds(event.seconds),
            )
        )
        if event.cancelled and not event.job:  # one file in a document's place
            self.notice.say("info", self.tr("Stopped. Nothing was changed."))
            self.notice.show()
        elif event.cancelled:
            self.notice.say(
                "info",
                self.tr("Stopped. What was added is there."),
                self.tr("The rest can be taken up again at any time."),
            )
            self.notice.show()

    def _settle(self, title: str) -> None:
        self.title.setText(title)
        self.left.setText("")
        self.file.hide()
        self.bar.hide()
        self.cancel.hide()
        self.dismiss.show()

    def _cancel(self) -> None:
        self.cancel.setEnabled(False)
        self.cancel.setText(self.tr("Stopping …"))
        self.cancelled.emit()

    def _arrange(self) -> None:
        lay_out(
            self,
            (self.title, self.left),
            (self.cancel, self.dismiss),
            (self.bar, self.file, self.notice, self.failures),
        )
