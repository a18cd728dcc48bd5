"""The pill in the header that says whether the program was proved offline at this start."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QToolButton, QWidget

from appliance.values import AirgapReport
from gui.airgap.evidence import Evidence
from gui.style.icons import icon
from gui.style.scale import px
from gui.style.tokens import current


class Pill(QToolButton):
    """Green with a shield when the proof holds, red when it does not; opens the evidence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pill")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._report: AirgapReport | None = None
        self.clicked.connect(self.open_evidence)
        self.show_report(None)

    def show_report(self, report: AirgapReport | None) -> None:
        self._report = report
        if report is None:
            self._say("idle", self.tr("Proving …"), self.tr("The air gap is being proved."))
        elif report.holds:
            self._say(
                "good",
                self.tr("Offline · proven"),
                self.tr("Offline, proven at this start: {} attempts to leave, all blocked.").format(
                    len(report.probes)
                ),
            )
        else:
            self._say(
                "danger",
                self.tr("Offline not proven"),
                self.tr("The proof that nothing can leave did not hold. Open it to see why."),
            )
        self.setEnabled(report is not None)

    def open_evidence(self) -> None:
        if self._report is not None:
            Evidence(self._report, self.window()).open()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (
            QEvent.Type.PaletteChange,
            QEvent.Type.ApplicationPaletteChange,
            QEvent.Type.StyleChange,
        ):
            self._tint()
        super().changeEvent(event)

    def _say(self, tone: str, text: str, tip: str) -> None:
        self.setText(text)
        self.setAccessibleName(text)
        self.setToolTip(tip)
        self.setProperty("tone", tone)
        self.style().unpolish(self)
        self.style().polish(self)
        self._tint()

    def _tint(self) -> None:
        colours = current()
        tone = str(self.property("tone"))
        glyph, colour = {
            "good": ("shield", colours.good),
            "danger": ("breach", colours.danger),
        }.get(tone, ("dot", colours.muted))
        self.setIconSize(QSize(px(15), px(15)))
        self.setIcon(icon(glyph, colour, 15, colour))
