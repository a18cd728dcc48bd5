"""Policies: what holds for you and why, the packs in force, and their cases, run before your eyes.

Rules kept here: what is shown is what the product decides now, in the policies' own ids; cases are
called good only once they were run, all of them, of the packs that are shown; nothing here changes
anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from appliance.values import Applies, CaseRun, PackShown, PoliciesShown
from gui.admin.action_names import action_name, obliged
from gui.admin.page import Page
from gui.controls.buttons import TextButton
from gui.controls.facts import Facts
from gui.controls.grid import Grid, Row
from gui.controls.labels import Words
from gui.controls.notice import Notice
from gui.controls.tick import Tick
from gui.desk import Desk
from gui.text import counts, plain
from gui.worker import Lane, Task

if TYPE_CHECKING:
    from appliance.app import Cancellation


class PoliciesPage(Page):
    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(
            desk,
            self.tr("Policies"),
            self.tr(
                "Nothing is allowed that no policy allows, and what one forbids, none can allow. "
                "Policies come in signed packs; IT may add packs and change none."
            ),
            parent,
        )
        self._task: Task | None = None
        self._runs: list[CaseRun] = []
        self._shown: tuple[PackShown, ...] = ()
        self.changed = Notice()
        self.changed.hide()
        self.applies = Grid(
            self.tr("What holds for you"),
            (self.tr("You may"), self.tr("Because of")),
            (0.37,),
            most=30,
        )
        self.asking = Facts(self.tr("A question of yours"))
        self.packs: list[Facts] = []
        self._listed = QVBoxLayout()
        self._listed.setSpacing(12)
        self.cases = Grid(
            self.tr("Cases"),
            (self.tr("Case"), self.tr("Pack"), self.tr("Decided")),
            (0.14, 0.4),
            most=12,
        )
        self.run = TextButton(self.tr("Run all cases"), kind="primary")
        self.failing: QCheckBox = Tick(self.tr("Only those that do not hold"))
        self.said = Notice()
        self._arrange()
        self.run.clicked.connect(self.run_cases)
        self.failing.toggled.connect(lambda _: self._show_runs())
        self.forget()

    def refresh(self) -> None:
        product = self.desk.appliance

        def work() -> PoliciesShown:
            with product.administration() as care:
                return care.policies.shown()

        self.desk.worker.run(self, Lane.READ, work, self._show, self.complain)

    def forget(self) -> None:
        self._task = None
        self._shown = ()
        self._drop_runs()
        self.notice.forget()
        self.applies.show_rows(())
        self.asking.show_rows(())
        self._drop_packs()
        for widget in (self.changed, self.asking):
            widget.hide()
        self.run.setEnabled(False)  # until it is known which packs there are

    def run_cases(self) -> None:
        """Every case of every pack, decided now by the engine that decides questions."""
        product = self.desk.appliance
        self._drop_runs()
        self.run.setEnabled(False)

        def work(stop: Cancellation) -> Iterator[CaseRun]:
            with product.administration(stop) as care:
                for run in care.policies.run():
                    if stop.cancelled:
                        return
                    yield run

        self._task = self.desk.worker.stream(
            self, Lane.PROOF, work, self._take, self._over, self._failed
        )

    # --- inside -----------------------------------------------------------------------------

    def _arrange(self) -> None:
        self.body.addWidget(self.changed)
        self.body.addWidget(Words(self.tr("What holds for you"), "title"))
        self.body.addWidget(self.applies)
        self.body.addWidget(self.asking)
        self.body.addWidget(Words(self.tr("Packs in force"), "title"))
        self.body.addLayout(self._listed)
        self.body.addWidget(Words(self.tr("Cases"), "title"))
        self.body.addWidget(
            Words(
                self.tr(
                    "Each pack brings requests and the decision each must get. They were run "
                    "before the pack was signed; run them here to see that this machine decides "
                    "the same."
                ),
                "quiet",
                wrap=True,
            )
        )
        self.buttons(self.run)
        self.body.addWidget(self.said)
        self.body.addWidget(self.failing)
        self.body.addWidget(self.cases)
        self.body.addStretch(1)

    def _show(self, found: PoliciesShown) -> None:
        if not found.current:
            self.changed.say(
                "warn",
                self.tr("Other packs have come in since you logged in."),
                self.tr("Those below decide from the next log-in on."),
            )
        self.changed.setVisible(not found.current)
        self.applies.show_rows([self._applies(one, found.lock_minutes) for one in found.applies])
        asking = next((one for one in found.applies if one.action == "ask" and one.allowed), None)
        rows = [obliged(name, value) for name, value in asking.obliged] if asking else []
        self.asking.show_rows(
            [(self.tr("A question of yours"), "\n".join(row for row in rows if row))]
        )
        self.asking.setVisible(asking is not None)
        if self._task is None and found.packs != self._shown:
            self._drop_runs()
        self._shown = found.packs
        self.run.setEnabled(self._task is None)
        self._drop_packs()
        for pack in found.packs:
            facts = Facts(f"{pack.name} {pack.version}")
            facts.show_rows(self._pack(pack))
            self.packs.append(facts)
            self._listed.addWidget(facts)

    def _drop_runs(self) -> None:
        """What was run before says nothing of what is to be run."""
        self._runs = []
        self.cases.show_rows(())
        for widget in (self.cases, self.said, self.failing):
            widget.hide()

    def _drop_packs(self) -> None:
        for facts in self.packs:
            self._listed.removeWidget(facts)
            facts.hide()
            facts.deleteLater()
        self.packs = []

    def _applies(self, one: Applies, lock_minutes: int) -> Row:
        name = action_name(one.action)
        if one.action == "stay_unlocked" and one.allowed:
            name = self.tr("{name}, for {minutes}").format(
                name=name,
                minutes=counts.counted(lock_minutes, self.tr("minute"), self.tr("minutes")),
            )
        if one.allowed:
            return Row((name, ", ".join(one.policies)), "check", "good")
        why = ", ".join(one.policies) or self.tr("no policy allows it")
        return Row((self.tr("{}: no").format(name), why), "barred", "muted")

    def _pack(self, pack: PackShown) -> list[tuple[str, str]]:
        origin = (
            self.tr("came with the program")
            if pack.origin == "shipped"
            else self.tr("brought in by an administrator")
        )
        half = len(pack.sha256) // 2
        return [
            (self.tr("Pack"), f"{plain.line(pack.name, 60)} {plain.line(pack.version, 40)}"),
            (
                self.tr("Origin"),
                self.tr("by {author}, serial {serial}, {origin}").format(
                    author=plain.line(pack.author, 80),
                    serial=counts.number(pack.serial),
                    origin=origin,
                ),
            ),
            (self.tr("Signed by"), plain.line(pack.signer, 80)),
            (self.tr("SHA-256"), f"{pack.sha256[:half]}\n{pack.sha256[half:]}"),
            (self.tr("Cases"), counts.number(pack.cases)),
            *(
                (plain.line(f"{regulation}, {clause}", 120), plain.line(plain.spoken(text), 400))
                for regulation, clause, text in pack.clauses
            ),
        ]

    def _take(self, runs: tuple[CaseRun, ...]) -> None:
        self._runs += runs
        done = counts.counted(len(self._runs), self.tr("case"), self.tr("cases"))
        self.said.say("info", self.tr("{} decided …").format(done))
        self.said.show()

    def _over(self) -> None:
        self._task = None
        self.run.setEnabled(True)
        if len(self._runs) != sum(pack.cases for pack in self._shown):
            self.said.say(
                "warn",
                self.tr("Not all cases were run."),
                self.tr("Run them again; if it stays so, tell IT."),
            )
            self.said.show()
            return
        wrong = sum(not run.holds for run in self._runs)
        total = counts.counted(len(self._runs), self.tr("case"), self.tr("cases"))
        if wrong:
            self.said.say(
                "danger",
                self.tr("{wrong} of {total} do not hold.").format(
                    wrong=counts.number(wrong), total=total
                ),
                self.tr("This machine does not decide as the pack’s author meant. Tell IT."),
            )
        else:
            self.said.say("good", self.tr("All {} hold.").format(total))
        self.said.show()
        self.failing.show()
        self.cases.show()
        self._show_runs()

    def _failed(self, error: CloisterError) -> None:
        self._task = None
        self.run.setEnabled(True)
        self.complain(error)

    def _show_runs(self) -> None:
        wanted = [run for run in self._runs if not (self.failing.isChecked() and run.holds)]
        self.cases.show_rows(
            [
                Row(
                    (run.title, run.pack, self._decided(run)),
                    "check" if run.holds else "warning",
                    "good" if run.holds else "danger",
                )
                for run in wanted
            ]
        )

    def _decided(self, run: CaseRun) -> str:
        what = self.tr("allowed") if run.allowed else self.tr("refused")
        by = ", ".join(run.said) or self.tr("no policy allows it")
        said = f"{what}: {by}"
        if run.holds:
            return said
        if run.said == run.wanted:
            return self.tr("{}; but not under what is wanted").format(said)
        wanted = ", ".join(run.wanted) or self.tr("no policy")
        return self.tr("{said}; wanted {wanted}").format(said=said, wanted=wanted)
