"""How a seat stands, in words: the line above every screen, and the names of states and plans.

Rules kept here: whatever the state, it is said that reading, exporting, the log and backups go on;
nothing is said while all is well.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from appliance.values import SeatView
from gui.controls.buttons import TextButton
from gui.controls.labels import Glyph, Words
from gui.text import plain

_TONES = {"active": "good", "evaluation": "info", "grace": "warn"}
_GLYPHS = {"good": ("shield", "good"), "info": ("info", "muted"), "warn": ("warning", "warn"),
           "danger": ("barred", "danger")}  # fmt: skip


def tone(view: SeatView) -> str:
    """ "good", "info", "warn" or "danger"."""
    return _TONES.get(view.state, "danger")


def state_name(view: SeatView) -> str:
    names = {
        "active": _tr("Active"),
        "evaluation": _tr("Evaluation"),
        "grace": _tr("Days of grace"),
        "expired": _tr("Expired"),
        "revoked": _tr("Revoked"),
        "unlicensed": _tr("Not licensed"),
        "clock-suspect": _tr("Clock in doubt"),
    }
    return names.get(view.state, plain.line(view.state, 40))


def plan_name(plan: str) -> str:
    names = {
        "seat": _tr("Per seat"),
        "subscription": _tr("Subscription"),
        "metered": _tr("Metered"),
        "mixed": _tr("Mixed"),
    }
    return names.get(plan, plain.line(plan, 40))


def feature_names(features: tuple[str, ...]) -> str:
    names = {
        "written": _tr("written answers"),
        "api": _tr("programs may ask"),
        "kiosk": _tr("kiosk"),
        "fleet": _tr("fleet"),
    }
    return ", ".join(names.get(one, plain.line(one, 40)) for one in features) or _tr("none")


def what_works(view: SeatView) -> str:
    if view.answers:
        return _tr("Everything works, new answers too.")
    return _tr(
        "No new answers are given. Reading, importing, exporting, the log and backups go on as "
        "always."
    )


def worth_saying(view: SeatView, *, manages: bool) -> bool:
    """Whether the line above the screens is shown. An active seat that has something to say (its
    lease is about to end) says it to who can do something about it."""
    return view.state != "active" or (manages and bool(view.sentence))


class SeatStrip(QFrame):
    """One quiet line below the header; `wanted` when the person wants to see more."""

    wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self._glyph = Glyph("info", "muted", 18)
        self._state = Words("", "strong")
        self._text = Words("", "stripText", wrap=True)
        self.more = TextButton(self.tr("Licence and seat"), kind="link")
        self.more.clicked.connect(self.wanted)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(28, 7, 20, 7)
        layout.setSpacing(10)
        layout.addWidget(self._glyph)
        layout.addWidget(self._state)
        layout.addWidget(self._text, 1)
        layout.addWidget(self.more)
        self.hide()

    @property
    def text(self) -> str:
        return f"{self._state.text()} {self._text.text()}"

    def show_view(self, view: SeatView, *, manages: bool) -> None:
        if not worth_saying(view, manages=manages):
            self.forget()
            return
        said = [plain.line(plain.spoken(view.sentence), 300)]
        if not view.answers:
            said.append(what_works(view))
        shade = tone(view)
        if shade != "info":  # what presses nobody is one line; the page says the rest
            said.append(plain.line(plain.spoken(view.next_step), 300))
        self.setProperty("tone", shade)
        self._glyph.draw(*_GLYPHS[shade])
        self._state.setText(state_name(view))
        self._text.setText(" ".join(said).strip())
        self.setAccessibleName(f"{state_name(view)}: {self._text.text()}")
        self.style().unpolish(self)
        self.style().polish(self)
        self.show()

    def forget(self) -> None:
        self._state.setText("")
        self._text.setText("")
        self.setAccessibleName("")
        self.hide()


def _tr(text: str) -> str:
    return QCoreApplication.translate("standing", text)
