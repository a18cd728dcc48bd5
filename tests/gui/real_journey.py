"""`python -m tests.gui.real_journey FOLDER`: a person's first day with the real product.

Run in a process of its own, because the guards bind it for good. Prints the name of each step once
it is done; whatever is not as a person should see it, or a word from Qt, ends it with a traceback.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.sample import QuestionKind, sample_folder, sample_questions
from tests.gui.real_administration import (
    LETTER,
    backup,
    enrol,
    insights,
    people,
    seat,
    settings,
)
from tests.gui.real_doing import PERSON, choose, click, click_row, file_dialog, pixels, place, press
from tests.gui.real_showing import document, looked_into
from tests.gui.waiting import until

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from appliance.app import Appliance
    from gui.ask.turn import TurnView
    from gui.shell import Shell

PASSPHRASE = "tidal lantern orchard mosaic"
COLLECTION = "Ward 4 guidelines"
DOCUMENTS = (LETTER, "NGH-NP-011-falls-prevention.docx")
STEPS = ("first run", "import", "document", "answer", "cited page", "not found", "log",
         "looked into", "seat", "settings", "insights", "backup", "people", "lock", "enrol",
         "log in again",
         "old conversation", "leave")  # fmt: skip
_QUESTIONS = sample_questions("hospital")
KNOWN = next(q for q in _QUESTIONS if q.kind is QuestionKind.ANSWER and q.file == DOCUMENTS[0])
UNKNOWN = next(q for q in _QUESTIONS if q.kind is QuestionKind.NOT_FOUND)


# --- the steps ---------------------------------------------------------------------------------


def first_run(shell: Shell) -> None:
    create = shell.front.create_vault
    until(create.isVisible, "the first run")
    for field, text in (
        (create.name, PERSON), (create.passphrase, PASSPHRASE), (create.again, PASSPHRASE),
    ):  # fmt: skip
        press(field.edit, text)
    click(create.go)
    until(lambda: shell.front.recovery, "the recovery code")
    recovery = shell.front.recovery
    assert recovery is not None
    assert len(recovery.shown.text().replace("-", "")) >= 20
    assert not recovery.go.isEnabled()
    click(recovery.sure)
    click(recovery.go)
    starter = shell.front.starter
    until(starter.isVisible, "the first collection")
    press(starter.title.edit, COLLECTION)
    click(starter.go)
    until(lambda: not shell.locked, "the workplace")
    listed = place(shell).library.collections.list
    until(listed.count, "the collection")
    assert [listed.item(row).text() for row in range(listed.count())] == [COLLECTION]


def import_documents(shell: Shell) -> None:
    screen = place(shell).library
    until(screen.files.isVisible, "the empty collection")
    click(screen.files)
    dialog = file_dialog()
    choose(dialog, [sample_folder("hospital") / name for name in DOCUMENTS])
    until(lambda: screen.card and screen.card.dismiss.isVisible(), "the end of the import")
    assert screen.card is not None
    assert screen.card.failed == 0
    rows = screen.table.rows
    until(lambda: rows.rowCount() == len(DOCUMENTS), "the documents")
    titles = {str(rows.index(row, 0).data()) for row in range(rows.rowCount())}
    assert KNOWN.document in titles, titles
    click(screen.card.dismiss)


def ask(shell: Shell, text: str) -> TurnView:
    screen = place(shell).ask
    press(screen.composer.typing, text)
    click(screen.composer.send)
    view = screen.stream.views[-1]
    assert view.question == text
    until(lambda: view.stages is None, "the end of the ask")
    until(lambda: screen.composer.send.accessibleName() == "Ask", "the composer")
    return view


def answer(shell: Shell) -> None:
    click(place(shell).side.new)
    until(place(shell).ask.composer.typing.isVisible, "a new question")
    until(lambda: place(shell).ask.welcome.buttons, "questions to begin with")
    see_answer(ask(shell, KNOWN.text))


def see_answer(view: TurnView) -> None:
    assert view.answer is not None, view.notice and view.notice.sentence
    assert KNOWN.phrase in view.text.toPlainText()
    assert view.chips is not None
    cited = [c for c in view.answer.citations if c.passage.title == KNOWN.document]
    assert [c.place for c in cited] == [f"p. {KNOWN.page}"]


def cited_page(shell: Shell, view: TurnView | None = None) -> None:
    """The chip opens the real page, and its highlight can be seen."""
    screen = place(shell).ask
    view = view or screen.stream.views[-1]
    assert view.chips is not None
    chip = view.chips.chip(1)
    assert chip is not None
    click(chip)
    until(lambda: screen.panel.view is not None, "the cited page")
    until(screen.panel.picture.isVisible, "the picture of the page")
    sheet = screen.panel.picture.sheet
    assert sheet.accessibleName() == f"Page {KNOWN.page} of {KNOWN.document}"
    text = " ".join(sheet.accessibleDescription().split())
    assert KNOWN.phrase in text
    until(lambda: not sheet.passage().isEmpty(), "the highlight")
    passage = sheet.passage().toAlignedRect()
    seen = screen.panel.picture.viewport().rect()
    top = sheet.mapTo(screen.panel.picture.viewport(), passage.topLeft())
    assert seen.contains(top), f"the highlight is out of sight: {top} in {seen}"
    marked, ink = pixels(sheet, passage)
    assert marked > 0.3, f"only {marked:.0%} of the passage is marked"
    assert 0.01 < ink < 0.5, f"{ink:.1%} of the passage is ink"


def not_found(shell: Shell) -> None:
    view = ask(shell, UNKNOWN.text)
    assert view.answer is not None
    assert not view.answer.found
    assert view.chips is None
    assert view.notice is not None
    assert view.notice.sentence == "Not in your documents"
    assert view.notice.step


def log(shell: Shell) -> None:
    screen = place(shell).log
    click(place(shell).side.places["log"])
    until(lambda: screen.badge.state == "verified", "the first verification")
    until(lambda: screen.model.record(0), "the records")
    click(screen.badge.verify)
    until(lambda: screen.badge.state == "verified", "the verification")
    size = screen.model.rowCount()
    assert screen.badge.title.text() == f"{size} records verified"
    records = [screen.model.record(row) for row in range(size)]
    outcomes = [r.outcome for r in records if r is not None and r.action == "ask.closed"]
    assert outcomes == ["answered", "answered"], outcomes
    where = screen.table.visualRect(screen.model.index(0, 0)).center()
    click(screen.table.viewport(), where)
    assert screen.table.currentIndex().row() == 0


def lock(shell: Shell) -> None:
    desk = place(shell)
    click(desk.side.lock)
    assert shell.locked
    assert desk.ask.stream.views == ()
    assert desk.ask.panel.view is None
    assert desk.side.conversations.count() == 0
    until(shell.front.unlock.secret.edit.isEnabled, "the stores to close")
    assert shell.appliance.person is None


def log_in_again(shell: Shell) -> None:
    unlock = shell.front.unlock
    until(unlock.name.edit.isVisible, "the name, since there are two people")
    press(unlock.name.edit, PERSON)
    press(unlock.secret.edit, "not the passphrase")
    click(unlock.go)
    until(unlock.notice.isVisible, "the word about a wrong passphrase")
    assert shell.locked
    assert unlock.secret.text() == ""
    press(unlock.secret.edit, PASSPHRASE)
    click(unlock.go)
    until(lambda: not shell.locked, "the workplace")
    assert place(shell).side.person.text() == PERSON


def old_conversation(shell: Shell) -> None:
    desk = place(shell)
    listed = desk.side.conversations
    until(listed.count, "the conversations")
    assert listed.count() == 1
    assert KNOWN.text.startswith(str(listed.rows.index(0, 0).data()).rstrip("…"))
    click_row(listed, 0)
    until(lambda: len(desk.ask.stream.views) == 2, "the turns")
    first, second = desk.ask.stream.views
    assert (first.question, second.question) == (KNOWN.text, UNKNOWN.text)
    see_answer(first)
    assert second.answer is not None
    assert not second.answer.found
    cited_page(shell, first)


def leave(shell: Shell) -> None:
    shell.close()
    assert not shell.isVisible()


# --- the program -------------------------------------------------------------------------------


def opened(folder: Path) -> Appliance:
    """As the program opens it, before Qt: the guards cannot reach threads that already run."""
    from appliance.errors import CloisterError
    from gui.__main__ import opened as opening

    product = opening(folder / "data")
    if isinstance(product, CloisterError):
        raise product
    assert product.airgap.holds
    assert not product.exists
    return product


def application(said: list[str]) -> QApplication:
    from PySide6.QtCore import qInstallMessageHandler
    from PySide6.QtWidgets import QApplication

    from gui.style import theme
    from gui.style.tokens import LIGHT

    def hear(_kind: object, _context: object, text: str) -> None:
        if "does not support propagateSizeHints" not in text:  # offscreen says so of every dialog
            said.append(text)

    qInstallMessageHandler(hear)
    made = QApplication([sys.argv[0]])
    theme.apply(made, LIGHT)
    return made


def begun(folder: Path) -> tuple[QApplication, Shell, list[str]]:
    """The program, its window on nothing yet, and what Qt says of it from now on."""
    os.environ["QT_QPA_PLATFORM"] = os.environ.get("QT_QPA_PLATFORM", "offscreen")
    product = opened(folder)
    said: list[str] = []
    running = application(said)

    from gui.shell import Shell

    shell = Shell(product)
    shell.resize(1440, 900)
    shell.show()
    return running, shell, said


def main() -> int:
    running, shell, said = begun(Path(sys.argv[1]))
    actions = (first_run, import_documents, document, answer, cited_page, not_found, log,
               looked_into, seat, settings, insights, backup, people, lock, enrol, log_in_again,
               old_conversation, leave)  # fmt: skip
    for name, act in zip(STEPS, actions, strict=True):
        act(shell)
        running.processEvents()
        print(name, flush=True)
    assert not said, said
    return 0


if __name__ == "__main__":
    sys.exit(main())
