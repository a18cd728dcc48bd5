"""Pictures of the administration: seat, settings, insights, backups and parcels, people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.screens.camera import Camera, Scene, choose, dialogs, place

if TYPE_CHECKING:
    from gui.admin.screen import AdminScreen
    from gui.shell import Shell


def at(shell: Shell, page: str) -> AdminScreen:
    """The administration, with this page in sight."""
    desk = place(shell)
    desk.go("admin")
    desk.admin.show_page(page)
    return desk.admin


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
    admin = at(shell, "settings")
    camera.until(lambda: admin.settings.yours.rows)
    camera.take("settings")
    admin.settings.change("lock_minutes", "99")
    camera.until(admin.settings.notice.isVisible)
    camera.take("settings-refused")
    admin.settings.change("lock_minutes", "5")
    camera.until(lambda: admin.settings.yours.rows["lock_minutes"].reset)
    camera.take("settings-changed")


def insights(camera: Camera, shell: Shell, scene: Scene) -> None:
    admin = at(shell, "insights")
    camera.until(lambda: admin.insights.facts.rows)
    camera.take("insights")


def policies(camera: Camera, shell: Shell, scene: Scene) -> None:
    """What holds for me, and the cases after they were run."""
    admin = at(shell, "policies")
    page = admin.policies
    camera.until(lambda: page.applies.rows.rows)
    camera.take("policies")
    page.run.click()
    camera.until(lambda: page.run.isEnabled() and page.cases.isVisible())
    page.ensureWidgetVisible(page.cases)
    camera.take("policies-cases")


def models(camera: Camera, shell: Shell, scene: Scene) -> None:
    """Models, the machine, a speed that was measured, and a try."""
    admin = at(shell, "models")
    page = admin.models
    camera.until(lambda: page.hardware.rows and (page.cards or page.none.isVisible()))
    camera.take("models")
    if not scene.memory:
        return
    from tests.gui.memory_appliance import MemoryAppliance
    from tests.gui.memory_screens import BROKEN, SMOL

    product = place(shell).ask.appliance
    if not isinstance(product, MemoryAppliance):
        return
    before, product.pace.allowed = product.pace.allowed, (*product.pace.allowed, "manage_models")
    product.models.here += [SMOL, BROKEN]
    page.refresh()
    camera.until(lambda: len(page.cards) == 3)
    page.cards[1].measure.click()
    camera.take("models-measuring")
    camera.until(page.notice.isVisible)
    camera.take("models-measured")
    page.try_it(SMOL)
    shown = dialogs()[-1]
    shown.message.setPlainText("What can you do?")
    shown.go.click()
    camera.until(shown.go.isEnabled)
    camera.dialog("models-try")
    product.pace.allowed = before


def airgap(camera: Camera, shell: Shell, scene: Scene) -> None:
    admin = at(shell, "airgap")
    camera.until(admin.airgap.write.isVisible)
    camera.take("air-gap-page")
    admin.airgap.again.click()
    camera.until(admin.airgap.again.isEnabled)
    camera.take("air-gap-again")


def about(camera: Camera, shell: Shell, scene: Scene) -> None:
    admin = at(shell, "about")
    page = admin.about
    camera.until(lambda: page.facts.rows)
    choose(page.parts, 3)
    camera.take("about")
    page.read.click()
    camera.rest(0.8)
    camera.dialog("about-licence")


def carrying(camera: Camera, shell: Shell, scene: Scene) -> None:
    """A backup on its way and made; a parcel before and after."""
    admin = at(shell, "carrying")
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
    admin = at(shell, "people")
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
    product = place(shell).ask.appliance
    if not isinstance(product, MemoryAppliance):
        return
    inside = product.staff.inside["k1"]
    inside.remove("p2")
    page.refresh()
    camera.until(lambda: page.members.listed and len(page.members.listed.members) == 1)
    page.members.add.click()
    camera.dialog("people-add-member")
    inside.append("p2")
    page.refresh()
    camera.until(lambda: page.members.listed and len(page.members.listed.members) == 2)
    page.table.choose("p4")
    page.again.click()
    camera.until(lambda: any(one.isVisible() for one in dialogs()))
    camera.dialog("people-code")
    admin.show_page("emergency")
    camera.until(admin.emergency.glasses.isVisible)
    camera.take("emergency-none")
    product.staff.breaks = (("k9", "Ward 9 pathways"), ("k8", "Theatre and anaesthesia"))
    product.staff.told = [ALERT]
    admin.refresh()
    camera.until(lambda: admin.emergency.alerts.rows)
    admin.emergency.alerts.rows[0].buttons[0].click()
    camera.take("emergency")
    admin.emergency.alerts.rows[0].buttons[-1].click()
    camera.dialog("emergency-review")
    admin.emergency.glasses.rows[0].buttons[0].click()
    camera.dialog("emergency-open")
    product.staff.told = []
