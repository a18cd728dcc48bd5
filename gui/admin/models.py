"""Models: which language models are here, what they run on, how fast they are, and a try.

Rules kept here: what came in on a stick is verified by the product, and one that nobody signed is
taken in only after a question; measuring and trying can be stopped; a try is said to be without
documents.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from appliance.errors import CloisterError
from appliance.values import Hardware, ModelShown, Speed
from gui.admin.model_card import ModelCard, spoken_speed
from gui.admin.model_try import TryModel
from gui.admin.page import Page
from gui.controls.buttons import TextButton
from gui.controls.confirm import Confirm
from gui.controls.facts import Facts
from gui.controls.labels import Words
from gui.controls.notice import Notice
from gui.controls.work_card import Step, WorkCard
from gui.desk import Desk
from gui.files import choose_folder
from gui.login.proof import proof_asked
from gui.outbox import models
from gui.text import counts, plain
from gui.worker import Lane, Task

if TYPE_CHECKING:
    from appliance.app import Cancellation

MANAGES = "manage_models"


class ModelsPage(Page):
    """`parcel_wanted(folder)` where what was chosen is a parcel."""

    parcel_wanted = Signal(object)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(
            desk,
            self.tr("Models"),
            self.tr(
                "A language model writes answers out of the passages that were found; without one "
                "they are quoted. It runs in a process of its own, without a network and without "
                "a key."
            ),
            parent,
        )
        self._task: Task | None = None
        self._manages = False
        self.cards: list[ModelCard] = []
        self.work: WorkCard | None = None
        self.install = self.head_button(
            TextButton(self.tr("Install from a stick …"), glyph="parcel", tone="muted")
        )
        self.none = Notice(
            "info",
            self.tr("No language model is installed"),
            self.tr("Answers quote your documents word for word. IT brings a model on a stick."),
        )
        self.hardware = Facts(self.tr("What they run on"))
        self._list = QVBoxLayout()
        self._list.setSpacing(12)
        self.body.addWidget(self.none)
        self.body.addLayout(self._list)
        self.body.addWidget(Words(self.tr("What they run on"), "title"))
        self.body.addWidget(self.hardware)
        self.body.addStretch(1)
        self.install.clicked.connect(self.choose)
        self.forget()

    def refresh(self) -> None:
        product = self.desk.appliance

        def models() -> tuple[tuple[ModelShown, ...], frozenset[str]]:
            with product.administration() as care:
                return care.models.shown(), product.allowed()

        def hardware() -> Hardware:
            with product.administration() as care:
                return care.models.hardware()

        run = self.desk.worker.run
        run(self, Lane.READ, models, self._show, self.complain)
        run(self, Lane.PROOF, hardware, self._show_hardware, self.complain)

    def forget(self) -> None:
        self._task = None
        self._manages = False
        self.notice.forget()
        self._drop_work()
        self._drop_cards()
        self.hardware.show_rows(())
        self.none.hide()
        self.install.hide()

    # --- installing and removing --------------------------------------------------------------

    def choose(self) -> None:
        choose_folder(
            self, self.tr("The stick, or the folder with the model"), models(), self.bring
        )

    def bring(self, folder: Path) -> None:
        """A parcel is looked into by its own dialog; a model's own folder is installed."""
        product = self.desk.appliance

        def look() -> bool:
            with product.administration() as care:
                return care.is_parcel(folder)

        def looked(parcel: bool) -> None:
            if parcel:
                self.parcel_wanted.emit(folder)
            else:
                self.install_from(folder)

        self.desk.worker.run(self, Lane.READ, look, looked, self.complain)

    def install_from(self, folder: Path, *, unsigned: bool = False) -> None:
        product = self.desk.appliance

        def work() -> str:
            with product.chat_models() as models:
                return models.install(folder, trust_unsigned=unsigned).manifest.id

        def done(identity: str) -> None:
            self._drop_work()
            self.say(
                self.tr("{} is installed.").format(plain.line(identity, 120)),
                self.tr("It can write answers from the next log-in on."),
            )
            self.refresh()

        def failed(error: CloisterError) -> None:
            self._drop_work()

            def again() -> None:
                self.install_from(folder, unsigned=unsigned)

            if error.code == "bundle_untrusted" and not unsigned:
                self._ask_for_trust(folder, error)
            elif not proof_asked(self.desk, self, error, again):
                self.complain(error)

        self._begin(self.tr("Installing from {}").format(plain.line(str(folder), 120)))
        self.desk.worker.run(self, Lane.CARRY, work, done, failed)

    def ask_to_remove(self, model: ModelShown) -> None:
        confirm = Confirm(
            self.window(),
            self.tr("Remove {}?").format(plain.line(model.id, 120)),
            self.tr("Its files are erased from this machine. The log keeps that it was here."),
            self.tr("Remove"),
        )
        confirm.accepted.connect(lambda: self._remove(model.id))
        confirm.open()

    def _remove(self, identity: str) -> None:
        product = self.desk.appliance

        def work() -> str:
            with product.chat_models() as models:
                return models.remove(identity)

        self.act(work, lambda _: self.refresh())

    def _ask_for_trust(self, folder: Path, error: CloisterError) -> None:
        confirm = Confirm(
            self.window(),
            self.tr("Take it in unsigned?"),
            plain.line(plain.spoken(error.sentence), 300)
            + " "
            + self.tr(
                "Nobody this machine trusts says what is in it. Only its parameters and texts are "
                "taken, no code, and the log says that it was you."
            ),
            self.tr("Take it in"),
        )
        confirm.accepted.connect(lambda: self.install_from(folder, unsigned=True))
        confirm.open()

    # --- measuring and trying -----------------------------------------------------------------

    def measure(self, model: ModelShown) -> None:
        product = self.desk.appliance

        def work(stop: Cancellation, tell: Callable[[Step], None]) -> Speed:
            with product.administration(stop) as care:
                return care.models.measure(model.id)

        def done(speed: Speed) -> None:
            self._task = None
            self._drop_work()
            self.say(
                self.tr("{model}: {speed}").format(
                    model=plain.line(model.id, 120), speed=spoken_speed(speed)
                )
            )
            self.refresh()

        def failed(error: CloisterError) -> None:
            self._task = None
            self._allow(working=False)
            if self.work is not None:
                self.work.broke(error)

        self._begin(self.tr("Measuring {} …").format(plain.line(model.id, 120)))
        self._task = self.desk.worker.follow(self, Lane.CARRY, work, lambda _: None, done, failed)
        if self.work is not None:
            self.work.cancel.show()
            self.work.cancelled.connect(self._task.cancel)

    def try_it(self, model: ModelShown) -> None:
        TryModel(self.desk, self.window(), model.id).open()

    # --- inside -------------------------------------------------------------------------------

    def _show(self, found: tuple[tuple[ModelShown, ...], frozenset[str]]) -> None:
        models, allowed = found
        self._manages = MANAGES in allowed
        self._drop_cards()
        for model in models:
            card = ModelCard(model, manages=self._manages)
            card.measure.clicked.connect(lambda _=False, m=model: self.measure(m))
            card.attempt.clicked.connect(lambda _=False, m=model: self.try_it(m))
            card.remove.clicked.connect(lambda _=False, m=model: self.ask_to_remove(m))
            self.cards.append(card)
            self._list.addWidget(card)
        self.none.setVisible(not models)
        self.install.setVisible(self._manages)
        self._allow(working=self.work is not None and self.work.running)

    def _show_hardware(self, found: Hardware) -> None:
        unsaid = self.tr("this system does not say")
        memory = self.tr("{total}, {free} free").format(
            total=counts.size(found.memory), free=counts.size(found.free)
        )
        if found.gpu:
            gpu = found.gpu
        elif found.gpu_note == "off":
            gpu = self.tr("not used: off in the settings")
        elif found.gpu_note:
            gpu = self.tr("not used: {}").format(plain.line(plain.spoken(found.gpu_note), 200))
        else:
            gpu = self.tr("none: the processor is used")
        self.hardware.show_rows(
            [
                (self.tr("Processor"), plain.line(found.processor, 120)),
                (self.tr("Instructions"), found.level or self.tr("too few for a language model")),
                (self.tr("Cores"), counts.number(found.cores)),
                (self.tr("Memory"), memory if found.memory else unsaid),
                (self.tr("GPU"), gpu),
            ]
        )

    def _begin(self, title: str) -> None:
        self.notice.hide()
        self._drop_work()
        self.work = WorkCard(title)
        self.work.cancel.hide()
        self.work.dismissed.connect(self._drop_work)
        self.body.insertWidget(self.body.indexOf(self.none), self.work)
        self._allow(working=True)

    def _allow(self, *, working: bool) -> None:
        self.install.setEnabled(not working)
        for card in self.cards:
            card.allow(working=working)

    def _drop_work(self) -> None:
        if self.work is not None:
            self.body.removeWidget(self.work)
            self.work.hide()
            self.work.deleteLater()
            self.work = None
        self._allow(working=False)

    def _drop_cards(self) -> None:
        for card in self.cards:
            self._list.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = []
