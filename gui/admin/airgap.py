"""Air gap: the proof that nothing can leave, every probe and guard of it, and trying again.

Rules kept here: what is shown is what the product found, word for word; a proof that does not hold
is said in red and stays.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from appliance.errors import CloisterError
from appliance.values import AirgapReport, EvidenceWritten, ExportForm, evidence_paths
from gui.admin.page import Page
from gui.airgap.probes import ProbeList, Result
from gui.ask.leaving import choose_place
from gui.ask.typeset import typeset
from gui.controls.buttons import TextButton
from gui.controls.facts import Facts
from gui.controls.labels import Words
from gui.desk import Desk
from gui.text import counts, plain
from gui.worker import Lane


class AirGapPage(Page):
    """`proved(report)` after every way was tried again."""

    proved = Signal(object)
    MAY = "report_airgap"

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(
            desk,
            self.tr("Air gap"),
            self.tr(
                "Before anything was opened, the kernel was told to refuse every way out of this "
                "program. Each way is then tried for real: from Python, past it, in a thread, in a "
                "child process. Nothing of yours is in such an attempt."
            ),
            parent,
        )
        self.again = self.head_button(
            TextButton(self.tr("Try every way again"), glyph="again", tone="muted")
        )
        self.write = TextButton(self.tr("Write the proof out …"), glyph="leave", tone="muted")
        self.result = Result()
        self.facts = Facts(self.tr("Guards"))
        self.probes = ProbeList()
        self.body.addWidget(self.result)
        self.buttons(self.write)  # not beside the other: two are too wide for large text
        for widget in (self.facts, Words(self.tr("Attempts"), "title"), self.probes):
            self.body.addWidget(widget)
        self.body.addStretch(1)
        self.again.clicked.connect(self.try_again)
        self.write.clicked.connect(self._choose)
        self.forget()

    def refresh(self) -> None:
        self._show(self.desk.appliance.airgap)
        product = self.desk.appliance
        self.desk.worker.run(self, Lane.READ, product.allowed, self._permit, self.complain)

    def write_out(self, path: Path) -> None:
        """Every way is tried again first: what is written is what was found just then."""
        product = self.desk.appliance

        def work() -> tuple[AirgapReport, EvidenceWritten]:
            report = product.prove_airgap()
            with product.administration() as care:
                return report, care.write_airgap(report, path, typeset)

        self.act(work, lambda found: self._written(path, *found))

    def _choose(self) -> None:
        choose_place(self, self.tr("Air gap proof"), ExportForm.PDF, self.write_out)

    def _permit(self, allowed: frozenset[str]) -> None:
        self.write.setVisible(self.MAY in allowed)

    def _written(self, path: Path, report: AirgapReport, written: EvidenceWritten) -> None:
        self._tried(report)
        name = evidence_paths(path)[0].stem
        tone = "good" if not written.marked else "warn" if written.holds else "danger"
        red = self.tr("Marked red in it: {}.").format(counts.number(written.marked))
        told = self.tr(
            "Record {} of the log has the hashes of both. With the log’s public key anybody "
            "can verify them: `cloister airgap verify`."
        ).format(counts.number(written.record))
        self.notice.say(
            tone,
            self.tr("The proof lies in {folder}: {name}.html, .pdf and .proof.").format(
                folder=path.parent, name=name
            ),
            f"{red} {told}" if written.marked else told,
        )
        self.notice.show()

    def forget(self) -> None:
        self.again.setEnabled(True)
        self.write.hide()
        self.notice.forget()
        self.facts.show_rows(())
        self.probes.show_probes(())

    def try_again(self) -> None:
        self.again.setEnabled(False)
        self.notice.hide()
        self.result.say("info", self.tr("Every way out is being tried …"))
        self.desk.worker.run(
            self, Lane.PROOF, self.desk.appliance.prove_airgap, self._tried, self._not_tried
        )

    def _tried(self, report: AirgapReport) -> None:
        self.again.setEnabled(True)
        self._show(report)
        self.proved.emit(report)

    def _not_tried(self, error: CloisterError) -> None:
        self.again.setEnabled(True)
        self.refresh()  # what was proved before, with its time
        self.complain(error)

    def _show(self, report: AirgapReport) -> None:
        guards = [plain.line(name, 200) for name in report.guards]
        self.result.show_report(report)
        self.facts.show_rows(
            [
                (self.tr("Guards"), "\n".join(guards) or self.tr("none")),
                (self.tr("System"), plain.line(report.platform)),
                (self.tr("Tried"), counts.stamp(report.tested)),
            ]
        )
        self.probes.show_probes(report.probes)
