"""What a person can do with a turn: a row of small buttons under it.

Rules kept here: every button has a name, a tip and the keyboard; what cannot be done is not there;
an opinion that was given is a filled drawing with another name.
"""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from appliance.values import ExportForm, Judgement
from gui.controls.buttons import GlyphButton


class Act(StrEnum):
    COPY = "copy"
    CITE = "cite"
    AGAIN = "again"
    EDIT = "edit"
    GOOD = "good"
    BAD = "bad"
    WHY = "why"


class Actions(QWidget):
    """answered: whether there is an answer to copy, judge and export; logged: whether a record says
    why. `acted` carries an Act, `leaving` an ExportForm."""

    acted = Signal(object)
    leaving = Signal(object)

    def __init__(
        self, *, answered: bool, logged: bool, judgement: Judgement | None = None,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.setAccessibleName(self.tr("What you can do with this answer"))
        self.buttons: dict[Act, GlyphButton] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2)
        self.forms: QMenu | None = None
        for act, glyph, name in self._offered(answered=answered, logged=logged):
            self._add(act, glyph, name)
        if answered and logged:
            self._add_forms()
        self._row.addStretch(1)
        if judgement is not None:
            self.show_judgement(judgement)

    def show_judgement(self, judgement: Judgement) -> None:
        """The opinion that counts is ticked off and named so."""
        for act, good in ((Act.GOOD, True), (Act.BAD, False)):
            button = self.buttons.get(act)
            if button is not None:
                mine = judgement.good is good
                name = self._good() if good else self._bad()
                said = self.tr("{} Your opinion so far.").format(name) if mine else name
                button.draw(f"{act.value}_given" if mine else act.value)
                button.setChecked(mine)
                button.rename(said)

    def _offered(self, *, answered: bool, logged: bool) -> tuple[tuple[Act, str, str], ...]:
        offered: list[tuple[Act, str, str]] = []
        if answered and logged:
            offered += [
                (Act.COPY, "copy", self.tr("Copy the answer")),
                (Act.CITE, "cite", self.tr("Copy the answer with its sources")),
            ]
        offered += [
            (Act.AGAIN, "again", self.tr("Ask the same again")),
            (Act.EDIT, "pencil", self.tr("Change the question and ask again")),
        ]
        if answered and logged:
            offered += [(Act.GOOD, "good", self._good()), (Act.BAD, "bad", self._bad())]
        if logged:
            offered.append((Act.WHY, "why", self.tr("Why this answer")))
        return tuple(offered)

    def _good(self) -> str:
        return self.tr("This answer is good.")

    def _bad(self) -> str:
        return self.tr("Something is wrong with this answer.")

    def _add(self, act: Act, glyph: str, name: str) -> None:
        button = GlyphButton(glyph, name, size=16, side=28)
        button.setCheckable(act in (Act.GOOD, Act.BAD))
        button.clicked.connect(lambda _on=False: self._press(act))
        self.buttons[act] = button
        self._row.addWidget(button)

    def _press(self, act: Act) -> None:
        button = self.buttons[act]
        if button.isCheckable():  # it is ticked once the product has it, not before
            button.setChecked(not button.isChecked())
        self.acted.emit(act)

    def _add_forms(self) -> None:
        button = GlyphButton("leave", self.tr("Export the answer"), size=16, side=28)
        self.forms = forms_menu(button)
        self.forms.triggered.connect(lambda chosen: self.leaving.emit(form_of(chosen)))
        button.clicked.connect(lambda: self._open_forms(button))
        self._row.addWidget(button)

    def _open_forms(self, button: GlyphButton) -> None:
        if self.forms is not None:
            self.forms.popup(button.mapToGlobal(button.rect().bottomLeft()))


def forms_menu(parent: QWidget, title: str = "") -> QMenu:
    """The kinds of file an answer can leave as; `form_of` tells which was chosen."""
    menu = QMenu(title, parent)
    for form, name in (
        (ExportForm.PDF, QCoreApplication.translate("actions", "As PDF …")),
        (ExportForm.WORD, QCoreApplication.translate("actions", "As Word document …")),
        (ExportForm.MARKDOWN, QCoreApplication.translate("actions", "As Markdown …")),
    ):
        menu.addAction(name).setData(form)
    return menu


def form_of(action: QAction) -> ExportForm:
    """Qt keeps an action's data as plain text."""
    return ExportForm(action.data())
