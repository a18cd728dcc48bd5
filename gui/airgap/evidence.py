"""The evidence: each attempt to leave that was made at this start, and what the kernel said."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from appliance.values import AirgapReport, Probe
from gui.controls.buttons import TextButton
from gui.controls.labels import Glyph, Rule, Words
from gui.controls.notice import Notice
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
        layout.addWidget(self._result(report))
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

    def _result(self, report: AirgapReport) -> Notice:
        blocked = sum(probe.blocked for probe in report.probes)
        if report.holds:
            return Notice(
                "good",
                self.tr("All {} attempts to leave were blocked.").format(blocked),
                self.tr("The result is in the compliance log."),
                glyph="shield",
            )
        return Notice(
            "danger",
            self.tr("{blocked} of {total} attempts were blocked.").format(
                blocked=blocked, total=len(report.probes)
            ),
            self.tr("Run `cloister doctor` and give its output to your IT department."),
            glyph="breach",
        )

    def _table(self, probes: tuple[Probe, ...]) -> QScrollArea:
        rows = QWidget()
        rows.setObjectName("ground")
        grid = QGridLayout(rows)
        grid.setContentsMargins(0, 0, 8, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(1, 3)
        grid.setColumnStretch(2, 2)
        for index, probe in enumerate(probes):
            tone = "good" if probe.blocked else "danger"
            glyph = Glyph("check" if probe.blocked else "warning", tone, 18)
            name = Words(plain.line(probe.name), wrap=True)
            name.setMinimumHeight(px(36))
            said = Words(plain.line(probe.detail, 160), "caption", wrap=True).selectable()
            said.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(glyph, index * 2, 0)
            grid.addWidget(name, index * 2, 1)
            grid.addWidget(said, index * 2, 2)
            grid.addWidget(Rule(), index * 2 + 1, 0, 1, 3)
        grid.setRowStretch(len(probes) * 2, 1)
        area = QScrollArea()
        area.setAccessibleName(self.tr("Attempts"))
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(rows)
        return area

    def _foot(self, report: AirgapReport) -> QHBoxLayout:
        close = TextButton(self.tr("Close"), kind="primary")
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(close)
        return foot
