"""The evidence: each attempt to leave that was made at this start, and what the kernel said."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from appliance.values import AirgapReport, Probe
from gui.airgap.probes import ProbeList, Result
from gui.controls.buttons import TextButton
from gui.controls.labels import Words
from gui.controls.room import keep_in
from gui.style.scale import px
from gui.text import counts, plain


class Evidence(QDialog):
    def __init__(self, report: AirgapReport, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Proof of being offline"))
        self.setAccessibleName(self.windowTitle())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 18)
        layout.setSpacing(12)
        layout.addWidget(Words(self.tr("Proof of being offline"), "heading"))
        layout.addWidget(Words(self._explained(report), "quiet", wrap=True))
        result = Result()
        result.show_report(report)
        layout.addWidget(result)
        layout.addWidget(self._table(report.probes), 1)
        layout.addLayout(self._foot(report))
        self.resize(px(620), min(px(600), parent.height() - 24))
        keep_in(self)

    def _explained(self, report: AirgapReport) -> str:
        guards = ", ".join(plain.line(name) for name in report.guards) or self.tr("none")
        return self.tr(
            "Before anything was opened, the kernel was told to refuse every way out ({guards}). "
            "Then each way was tried for real, on {platform}, at {time}."
        ).format(
            guards=guards, platform=plain.line(report.platform), time=counts.stamp(report.tested)
        )

    def _table(self, probes: tuple[Probe, ...]) -> QScrollArea:
        area = QScrollArea()
        area.setAccessibleName(self.tr("Attempts"))
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        listed = ProbeList(probes)
        listed.setContentsMargins(12, 2, 6, 2)  # the ring of the focus has room
        area.setWidget(listed)
        return area

    def _foot(self, report: AirgapReport) -> QHBoxLayout:
        close = TextButton(self.tr("Close"), kind="primary")
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(close)
        return foot
