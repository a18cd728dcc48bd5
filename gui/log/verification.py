"""Whether the log was proved whole, when, and by whom else.

Rules kept here: nothing is called verified but what was verified in this session; records that
have come since are said, and the green goes with them; without a witness the limit is said.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from appliance.values import LogState
from gui.controls.buttons import TextButton
from gui.controls.labels import Glyph, Words
from gui.text import counts, plain


class Verification(QFrame):
    """The badge at the head of the log, with the button that verifies anew."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._size = -1
        self._glyph = Glyph("info", "muted", 22)
        self.title = Words("", "strong")
        self.text = Words("", "caption", wrap=True)
        self.verify = TextButton(self.tr("Verify"), glyph="shield", tone="muted")
        self.export = TextButton(self.tr("Export …"), glyph="save", tone="muted")
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addWidget(self.title)
        words.addWidget(self.text)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 12, 14, 12)
        layout.setSpacing(12)
        layout.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        layout.addWidget(self.verify)
        layout.addWidget(self.export)
        self.unknown()

    @property
    def state(self) -> str:
        """ "unknown", "working", "verified", "older" (records came since) or "broken"."""
        return str(self.property("state"))

    def unknown(self) -> None:
        self._size = -1
        self._show("unknown", "info", "", self.tr("Not verified yet"), "")

    def working(self) -> None:
        self._size = -1
        self._show("working", "info", "", self.tr("Verifying every record …"), "")
        self.verify.setEnabled(False)

    def show_state(self, state: LogState) -> None:
        if not state.verified:
            self._size = -1
            self._show("broken", "warning", "danger", self.tr("The log does not verify"),
                       plain.shown(plain.spoken(state.sentence), 600))  # fmt: skip
            return
        text = self.tr("Root {root} · checked at {time}").format(
            root=plain.line(state.root, 16), time=counts.clock(state.checked, seconds=True)
        )
        text += " · " + (
            self.tr("cosigned by a witness")
            if state.witnessed
            else self.tr("no witness: putting back an older copy of the whole disk would go unseen")
        )
        title = self.tr("{} verified").format(
            counts.counted(state.size, self.tr("record"), self.tr("records"))
        )
        self._size = state.size
        self._show("verified", "shield", "good", title, text)

    def grown(self, size: int) -> None:
        """The log has so many records now."""
        if self._size < 0 or self._size == size:
            return
        title = self.tr("{verified} of {all} records verified").format(
            verified=counts.number(self._size), all=counts.number(size)
        )
        self._show("older", "info", "", title, self.tr("The others came later. Verify again."))

    def broke(self, error: CloisterError) -> None:
        self._size = -1
        self._show("broken", "warning", "danger", plain.spoken(error.sentence),
                   plain.spoken(error.next_step))  # fmt: skip

    def _show(self, state: str, glyph: str, tone: str, title: str, text: str) -> None:
        self.verify.setEnabled(True)
        self.setProperty("state", state)
        self.setProperty("tone", tone or "info")
        self._glyph.draw(glyph, tone or "muted")
        self.title.setText(title)
        self.text.setText(text)
        self.text.setVisible(bool(text))
        self.setAccessibleName(self.tr("State of the log: {}").format(title))
        self.style().unpolish(self)
        self.style().polish(self)
