"""Pictures of a day at work: the first run, the library, questions, conversations, the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.screens.camera import Camera, Scene, choose, dialogs, place

if TYPE_CHECKING:
    from gui.shell import Shell

GPU_NOTE = "The GPU cannot be used (the driver does not answer); the processor is used instead."
MODEL_NOTE = (
    "The language model cannot be used, so answers are quoted from your documents. The model "
    "SmolLM2 1.7B needs about 5.0 GB of memory; 2.0 GB are free. Close other programs, or use a "
    "smaller model."
)
PASSPHRASE = "tidal lantern orchard mosaic"


def first_run(camera: Camera, shell: Shell, scene: Scene) -> None:
    create = shell.front.create_vault
    camera.until(create.isVisible)
    camera.take("first-run")
    create.name.edit.setText("Dr Ada Winter")
    create.passphrase.edit.setText(PASSPHRASE)
    create.again.edit.setText(PASSPHRASE)
    create.again.edit.setFocus()
    camera.take("first-run-typed")
    create.go.click()
    camera.until(lambda: shell.front.recovery)
    camera.take("recovery-code")
    if shell.front.recovery is not None:
        shell.front.recovery.sure.click()
        shell.front.recovery.go.click()
    starter = shell.front.starter
    camera.until(starter.isVisible)
    starter.title.edit.setText(scene.collection)
    camera.take("first-collection")
    starter.go.click()
    camera.until(lambda: not shell.locked)
    camera.until(place(shell).library.collections.list.count)
    camera.take("library-empty")
    place(shell).go("ask")
    camera.take("ask-nothing-yet")


def library(camera: Camera, shell: Shell, scene: Scene) -> None:
    screen = place(shell).library
    place(shell).go("library")
    screen.add((scene.library,))
    camera.until(lambda: screen.card and screen.card.bar.value() >= 1)
    camera.take("library-importing")
    camera.until(lambda: screen.card and screen.card.dismiss.isVisible())
    camera.until(screen.table.rows.rowCount)
    camera.take("library-report")
    if screen.card is not None:
        screen.card.dismiss.click()

    def chosen() -> bool:
        """The documents may be read anew meanwhile, and then none is chosen."""
        choose(screen.table, 0)
        return screen.remove.isEnabled()

    camera.until(chosen)
    camera.take("library")
    camera.until(chosen)
    screen.remove.click()
    camera.dialog("library-remove")
    camera.until(chosen)
    screen.open.click()
    camera.until(lambda: screen.viewer.view)
    camera.take("library-document")
    screen.viewer.retire.click()
    camera.until(screen.retired.isVisible)
    camera.take("library-retired")
    screen.retired.undo.click()
    camera.until(screen.viewer.retire.isVisible)
    screen.viewer.close_button.click()


def asking(camera: Camera, shell: Shell, scene: Scene) -> None:
    desk = place(shell)
    desk.new_question()
    camera.take("ask-welcome")
    for number, question in enumerate(scene.questions):
        desk.ask.composer.typing.setPlainText(question)
        desk.ask.composer.send.click()
        view = desk.ask.stream.views[-1]
        if number == 0:
            camera.rest(scene.moment)
            camera.take("ask-working")
        camera.until(lambda v=view: v.stages is None)  # type: ignore[misc]
        camera.take(f"ask-{number + 1}")
    first = next(v for v in desk.ask.stream.views if v.answer and v.answer.citations)
    if first.answer is not None:
        desk.ask.show_citation(first.answer.citations[0])
        camera.until(lambda: desk.ask.panel.view)
        desk.ask.stream.verticalScrollBar().setValue(0)
        camera.take("ask-cited-page")
        desk.ask.panel.larger.click()
        desk.ask.panel.larger.click()
        camera.take("ask-page-larger")
        if scene.paged_less:
            desk.new_question()
            desk.ask.composer.typing.setPlainText(scene.paged_less)
            desk.ask.composer.send.click()
            view = desk.ask.stream.views[-1]
            camera.until(lambda: view.stages is None)
            if view.answer is not None and view.answer.citations:
                desk.ask.show_citation(view.answer.citations[0])
                camera.until(lambda: desk.ask.panel.view)
                camera.take("ask-cited-text")


def acting(camera: Camera, shell: Shell, scene: Scene) -> None:
    """What is done with an answer."""
    from gui.ask.actions import Act

    desk = place(shell)
    desk.new_question()
    desk.ask.composer.typing.setPlainText(scene.questions[0])
    desk.ask.composer.send.click()
    view = desk.ask.stream.views[-1]
    camera.until(lambda: view.offered)
    if view.offered is None:
        raise SystemExit("screens: nothing can be done with the answer")
    letter = scene.work / "letter.txt"
    letter.write_text("Transfer letter, bed 7\n\nThe patient receives zanamivir twice daily.\n")
    desk.ask.attachments.add((letter,))
    camera.until(lambda: desk.ask.attachments.shown)
    view.offered.buttons[Act.GOOD].click()
    camera.until(view.offered.buttons[Act.GOOD].isChecked)
    camera.take("ask-attached")
    view.offered.buttons[Act.WHY].click()
    camera.rest(0.6)
    camera.dialog("ask-why")
    view.offered.buttons[Act.BAD].click()
    camera.dialog("ask-opinion")
    view.offered.buttons[Act.EDIT].click()
    camera.take("ask-changing")


def ordering(camera: Camera, shell: Shell, scene: Scene) -> None:
    """What is done with conversations."""
    desk = place(shell)
    listed = desk.side.conversations
    older = listed.count() - 1
    listed.setCurrentIndex(listed.rows.index(older, 0))
    chosen = listed.chosen()
    if chosen is not None:
        listed.pinned.emit(chosen.id, True)
        camera.until(lambda: listed.rows.index(0, 0).data() == chosen.title)
    listed.setCurrentIndex(listed.rows.index(1, 0))
    newest = listed.chosen()
    if newest is not None:
        listed.filed.emit(newest.id, scene.collection)
        camera.until(lambda: listed.folders)
        camera.take("conversations")
        listed.unwanted.emit(newest.id, newest.title)
        camera.rest(0.6)
        camera.dialog("conversation-delete")
    desk.side.search.setText(scene.questions[0].split()[2])
    camera.rest(1.0)
    camera.take("conversations-found")
    desk.side.search.clear()


def finding(camera: Camera, shell: Shell, scene: Scene) -> None:
    """Any action by its words, and all keys."""
    shell.commanding.open_palette()
    camera.still("palette")
    for window in dialogs():
        if window.isVisible() and hasattr(window, "field"):
            window.field.setText("answer")
    camera.dialog("palette-found")
    shell.open_help()
    camera.dialog("help")


def writing(camera: Camera, shell: Shell, scene: Scene) -> None:
    """Answers that a language model writes; and the same without one."""
    from tests.gui.memory_appliance import MemoryAppliance

    desk = place(shell)
    product = desk.ask.appliance
    if not isinstance(product, MemoryAppliance):
        return
    product.pace.writes = True
    desk.ask.set_collections(product.collections())
    desk.new_question()
    camera.take("ask-welcome-no-model")
    question = scene.questions[0]
    for number, (model, dies_at) in enumerate((("", 0), ("SmolLM2 1.7B", 0), ("SmolLM2 1.7B", 14))):
        product.pace.model, product.pace.dies_at, product.pace.token = model, dies_at, scene.token
        desk.ask.set_collections(product.collections())
        camera.rest()
        if number == 1:
            desk.new_question()
            camera.take("ask-welcome-with-model")
        desk.ask.composer.typing.setPlainText(question)
        desk.ask.composer.send.click()
        view = desk.ask.stream.views[-1]
        if number == 1:
            camera.until(lambda v=view: len(v.written) > 90)  # type: ignore[misc]
            camera.take("ask-being-written")
        camera.until(lambda v=view: v.stages is None)  # type: ignore[misc]
        camera.take(("ask-no-model", "ask-written", "ask-broken-off")[number])
    for name, works, note in (("gpu", True, GPU_NOTE), ("model", False, MODEL_NOTE)):
        product.pace.dies_at, product.pace.works, product.pace.note = 0, works, note
        desk.ask.writer.look()
        desk.new_question()
        camera.take(f"ask-welcome-{name}-unusable")
        desk.ask.composer.typing.setPlainText(question)
        desk.ask.composer.send.click()
        view = desk.ask.stream.views[-1]
        camera.until(lambda v=view: v.stages is None)  # type: ignore[misc]
        camera.take(f"ask-{name}-unusable")
    product.pace.works, product.pace.note = True, ""
    product.pace.writes, product.pace.model, product.pace.dies_at = False, "", 0


def log(camera: Camera, shell: Shell, scene: Scene) -> None:
    desk = place(shell)
    desk.go("log")
    camera.until(lambda: desk.log.badge.state == "verified")
    camera.until(lambda: desk.log.model.record(0))
    choose(desk.log.table, 1)
    camera.take("log")
    if desk.log.detail.prove is not None:
        desk.log.detail.prove.click()
        camera.until(lambda: desk.log.detail.prove is None)
        desk.log.detail.verticalScrollBar().setValue(10_000)
        camera.take("log-proof")
    desk.log.filters.what.setCurrentIndex(1)
    camera.until(lambda: "…" not in desk.log.status.text())
    camera.take("log-questions")
    if scene.memory:
        desk.log.taking.part_to(scene.work / "log-excerpt.jsonl")
        camera.rest(0.6)
        camera.dialog("log-part-exported")
    desk.log.filters.when.setCurrentIndex(4)
    camera.until(lambda: "…" not in desk.log.status.text())
    camera.take("log-days")
    desk.log.filters.reset()
    if scene.memory:
        desk.log.taking.whole_to(scene.work)
        camera.rest(0.6)
        camera.dialog("log-exported")
    desk.pill.click()
    camera.dialog("air-gap")
    shell.lock()
    camera.until(shell.front.unlock.secret.isEnabled)
    camera.take("locked")
    shell.front.unlock.secret.edit.setText("not the passphrase")
    shell.front.unlock.go.click()
    camera.until(shell.front.unlock.notice.isVisible)
    camera.take("wrong-passphrase")
    shell.front.unlock.ask_name(several=True)
    camera.take("several-people")
    shell.front.show_enrol()
    camera.take("enrol")
