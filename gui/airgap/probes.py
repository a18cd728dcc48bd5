"""Each attempt to leave, and what the kernel said to it, one below the other."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from appliance.values import AirgapReport, Probe
from gui.airgap.probe_names import probe_detail, probe_name
from gui.controls.labels import Glyph, Rule, Words
from gui.controls.notice import Notice
from gui.style.scale import px
from gui.text import plain


class ProbeList(QWidget):
    def __init__(self, probes: tuple[Probe, ...] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ground")
        self.probes: tuple[Probe, ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 8, 0)
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(1, 3)
        self._grid.setColumnStretch(2, 2)
        self.show_probes(probes)

    def show_probes(self, probes: tuple[Probe, ...]) -> None:
        if probes == self.probes:
            return
        self.probes = probes
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for index, probe in enumerate(probes):
            tone = "good" if probe.blocked else "danger"
            glyph = Glyph("check" if probe.blocked else "warning", tone, 18)
            name = Words(plain.line(probe_name(probe.name)), wrap=True)
            name.setMinimumHeight(px(36))
            detail = plain.line(probe_detail(probe.detail), 160)
            said = Words(detail, "caption", wrap=True).selectable()
            said.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._grid.addWidget(glyph, index * 2, 0)
            self._grid.addWidget(name, index * 2, 1)
            self._grid.addWidget(said, index * 2, 2)
            self._grid.addWidget(Rule(), index * 2 + 1, 0, 1, 3)


class Result(Notice):
    """Whether all of them were blocked."""

    def show_report(self, report: AirgapReport) -> None:
        blocked = sum(probe.blocked for probe in report.probes)
        if report.holds:
            self.say(
                "good",
                self.tr("All {} attempts to leave were blocked.").format(blocked),
                self.tr("The result is in the compliance log."),
                glyph="shield",
            )
            return
        self.say(
            "danger",
            self.tr("{blocked} of {total} attempts were blocked.").format(
                blocked=blocked, total=len(report.probes)
            ),
            self.tr("Run `cloister doctor` and give its output to your IT department."),
            glyph="breach",
        )
