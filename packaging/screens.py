"""`make screens`: drives the real widgets through the main jobs and saves a picture of each.

Usage: python packaging/screens.py FOLDER [--theme light|dark] [--size 1440x900] [--memory]

Without --memory the product itself runs, on a throwaway vault with the sample library.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.screens.camera import Camera, Scene, dialogs, place  # noqa: E402 - found from here on

if TYPE_CHECKING:
    from gui.shell import Shell

GPU_NOTE = "The GPU cannot be used (the driver does not answer); the processor is used instead."
MODEL_NOTE = (
    "The language model cannot be used, so answers are quoted from your documents: The model "
    "SmolLM2 1.7B needs about 5.0 GB of memory; 2.0 GB are free. Close other programs, or use a "
    "smaller model."
)
PASSPHRASE = "tidal lantern orchard mosaic"  # noqa: S105 - of a throwaway vault


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
    screen.table.selectRow(0)
    camera.take("library")
    screen.remove.click()
    camera.dialog("library-remove")


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
        product.pace.model, product.pace.dies_at, product.pace.token = model, dies_at, 0.06
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
    desk.log.table.selectRow(1)
    camera.take("log")
    with tempfile.TemporaryDirectory() as folder:
        if scene.memory:
            desk.log.export_to(Path(folder))
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


def seat(camera: Camera, shell: Shell, scene: Scene) -> None:
    """Each state, what is offered, and the codes of a request."""
    desk = place(shell)
    page = desk.admin.seat
    desk.go("admin")
    desk.admin.show_page("seat")
    camera.until(lambda: page.view)
    camera.take("seat")
    if not scene.memory:
        return
    from tests.gui import memory_seat
    from tests.gui.memory_appliance import MemoryAppliance

    product = desk.ask.appliance
    if not isinstance(product, MemoryAppliance):
        return
    page.request.click()
    camera.dialog("seat-request")
    page.ask_for_request()
    for window in dialogs():
        if window.isVisible() and hasattr(window, "go"):
            window.go.click()
    camera.until(lambda: any(hasattr(window, "picture") for window in dialogs()))
    camera.dialog("seat-codes")
    for view in (memory_seat.EVALUATION, memory_seat.GRACE, memory_seat.EXPIRED,
                 memory_seat.REVOKED, memory_seat.RETURNED):  # fmt: skip
        product.seating.view = view
        page.refresh()
        desk.read_standing()
        camera.take(f"seat-{view.state}")
    desk.go("ask")
    camera.take("ask-no-seat")
    desk.go("admin")
    product.seating.view = memory_seat.ACTIVE
    desk.read_standing()
    camera.rest()


def settings(camera: Camera, shell: Shell, scene: Scene) -> None:
    admin = place(shell).admin
    place(shell).go("admin")
    admin.show_page("settings")
    camera.until(lambda: admin.settings.yours.rows)
    camera.take("settings")
    admin.settings.change("lock_minutes", "99")
    camera.until(admin.settings.notice.isVisible)
    camera.take("settings-refused")
    admin.settings.change("lock_minutes", "5")
    camera.until(lambda: admin.settings.yours.rows["lock_minutes"].reset)
    camera.take("settings-changed")


def insights(camera: Camera, shell: Shell, scene: Scene) -> None:
    admin = place(shell).admin
    place(shell).go("admin")
    admin.show_page("insights")
    camera.until(lambda: admin.insights.facts.rows)
    camera.take("insights")


def carrying(camera: Camera, shell: Shell, scene: Scene) -> None:
    """A backup on its way and made; a parcel before and after."""
    admin = place(shell).admin
    place(shell).go("admin")
    admin.show_page("carrying")
    page = admin.carrying
    camera.until(page.back_up.isVisible)
    camera.take("carrying")
    page.back_up_into(scene.work)
    if scene.memory:
        camera.rest(1.5)
        camera.take("backing-up")
    camera.until(lambda: page.card and page.card.dismiss.isVisible())
    camera.take("backed-up")
    page.inspect(scene.work)
    shown = dialogs()[-1]
    camera.until(shown.notice.isVisible)
    camera.dialog("parcel-none")
    from tests.gui.memory_appliance import MemoryAppliance
    from tests.gui.memory_carrying import PARCEL

    product = place(shell).ask.appliance
    if not isinstance(product, MemoryAppliance):
        return
    product.carrying.parcels[scene.work] = PARCEL
    page.inspect(scene.work)
    shown = next(one for one in dialogs() if one.isVisible())
    camera.until(lambda: shown.rows)
    camera.still("parcel")
    shown.rows[3].field.edit.setText("not the code")
    shown.go.click()
    camera.rest(1.0)
    camera.still("parcel-taking")
    camera.until(shown.notice.isVisible)
    camera.dialog("parcel-taken")


def people(camera: Camera, shell: Shell, scene: Scene) -> None:
    """Who works here, what is asked for, and emergencies."""
    admin = place(shell).admin
    place(shell).go("admin")
    admin.show_page("people")
    page = admin.people
    camera.until(lambda: page.members.listed)
    camera.take("people")
    if not scene.memory:
        return
    from tests.gui.memory_appliance import MemoryAppliance
    from tests.gui.memory_people import ALERT

    page.table.choose("p3")
    camera.take("people-chosen")
    page.invite.click()
    camera.dialog("people-invite")
    page.close_it.click()
    camera.dialog("people-close")
    page.members.add.click()
    camera.dialog("people-add-member")
    page.table.choose("p4")
    page.again.click()
    camera.until(lambda: any(one.isVisible() for one in dialogs()))
    camera.dialog("people-code")
    admin.show_page("emergency")
    camera.until(admin.emergency.glasses.isVisible)
    camera.take("emergency-none")
    product = place(shell).ask.appliance
    if isinstance(product, MemoryAppliance):
        product.staff.breaks = (("k9", "Ward 9 pathways"), ("k8", "Theatre and anaesthesia"))
        product.staff.told = [ALERT]
        admin.refresh()
        camera.until(lambda: admin.emergency.alerts.rows)
        admin.emergency.alerts.rows[0].buttons[0].click()
        camera.take("emergency")
        admin.emergency.glasses.rows[0].buttons[0].click()
        camera.dialog("emergency-open")
        product.staff.told = []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=lambda name: Path(name).absolute())
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--size", default="1440x900")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--only", action="append", help="these scenes alone, after the first run")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=given.folder) as work:
        scene = Scene(memory=given.memory, work=Path(work))
        product = scene.appliance()  # before Qt: the guard cannot reach threads that run

        from PySide6.QtWidgets import QApplication

        from gui.shell import Shell
        from gui.style.theme import Follower

        application = QApplication(sys.argv[:1])
        Follower(application, given.theme)
        shell = Shell(product)
        width, height = (int(part) for part in given.size.split("x"))
        shell.resize(width, height)
        shell.show()
        camera = Camera(given.folder, shell)
        scenes = (
            first_run, insights, library, asking, writing, insights, seat, people, settings,
            carrying, log,
        )  # fmt: skip
        for scenario in scenes:
            if not given.only or scenario in (first_run, log) or scenario.__name__ in given.only:
                scenario(camera, shell, scene)
        shell.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
