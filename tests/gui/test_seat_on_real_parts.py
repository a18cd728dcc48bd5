"""The page of the seat on a real seat and a real authority, from the licence to the receipt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from appliance.licensing.codes import document_of, texts_of
from appliance.licensing.signed import Kind
from appliance.seat import Seat
from appliance.values import SeatView
from gui.admin.seat import RequestSeat, SeatPage
from gui.admin.signed_file import SignedFile
from gui.controls.confirm import Confirm
from gui.login.again import Again
from gui.shell import Shell
from tests.gui.driving import PASSPHRASE, dialog, workplace
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_seat import MemorySeat
from tests.unit.licensing.world import World


class RealSeat(MemorySeat):
    """The seat of an installation that a vendor's licence fits."""

    def __init__(self, seat: Seat) -> None:
        super().__init__()
        self.seat = seat

    def stands(self) -> SeatView:
        return self.seat.view()

    def request(self, label: str = "", *, fresh: bool = False) -> bytes:
        return self.seat.request(label, fresh=fresh)

    def take(self, untrusted: bytes) -> Kind:
        return self.seat.take(untrusted)

    def give_back(self) -> bytes:
        return self.seat.give_back()


def handed(qtbot: QtBot, path: Path) -> bytes:
    """The file that is shown, saved; its codes say the same, and are drawn large enough."""
    qtbot.waitUntil(lambda: dialog(SignedFile) is not None)
    shown = dialog(SignedFile)
    assert isinstance(shown, SignedFile)
    shown.save_to(path)
    qtbot.waitUntil(shown.notice.isVisible)
    content = path.read_bytes().strip()
    assert document_of(texts_of(content)) == content
    assert shown.picture.accessibleName() == f"Code 1 of {len(texts_of(content))}"
    assert quiet_zone(shown.picture.grab().toImage()) >= 16
    shown.reject()
    return content


def quiet_zone(image: QImage) -> int:
    """Rows above the first dark module."""
    for y in range(image.height()):
        if any(image.pixelColor(x, y).lightness() < 60 for x in range(image.width())):
            return y
    return 0


def becomes(page: SeatPage, state: str, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: page.view is not None and page.view.state == state)


def test_a_seat_comes_and_goes_in_the_window(
    open_shell: Callable[[MemoryAppliance], Shell],
    product: MemoryAppliance,
    tmp_path: Path,
    qtbot: QtBot,
) -> None:
    world = World(tmp_path / "world")
    product.seating = RealSeat(world.desk("ward-9", licensed=False).seat)
    shell = open_shell(product)
    qtbot.waitUntil(shell.front.unlock.secret.edit.isVisible)
    QTest.keyClicks(shell.front.unlock.secret.edit, PASSPHRASE)
    shell.front.unlock.go.click()
    qtbot.waitUntil(lambda: not shell.locked)
    place = workplace(shell)
    place.go("admin")
    page = place.admin.seat
    becomes(page, "evaluation", qtbot)
    assert page.activate.text() == "Install the licence …"
    assert not page.request.isVisible()

    (tmp_path / "st-anne.licence").write_bytes(world.licence_file)
    page.take(tmp_path / "st-anne.licence")
    qtbot.waitUntil(lambda: page.notice.sentence == "The licence is installed.")
    qtbot.waitUntil(page.request.isVisible)
    page.request.click()
    qtbot.waitUntil(lambda: dialog(RequestSeat) is not None)
    form = dialog(RequestSeat)
    assert isinstance(form, RequestSeat)
    QTest.keyClicks(form.label.edit, "Ward 9")
    form.go.click()
    request = handed(qtbot, tmp_path / "request.json")

    (tmp_path / "certificate").write_bytes(world.approve(request))
    page.take(tmp_path / "certificate")
    becomes(page, "active", qtbot)
    assert dict(page.facts.rows)["This machine’s seat"] == "1 · Ward 9"

    page.give_back.click()
    qtbot.waitUntil(lambda: dialog(Confirm) is not None)
    confirm = dialog(Confirm)
    assert isinstance(confirm, Confirm)
    confirm.action.click()
    qtbot.waitUntil(lambda: dialog(Again) is not None)
    again = dialog(Again)
    assert isinstance(again, Again)
    QTest.keyClicks(again.secret.edit, PASSPHRASE)
    again.go.click()
    receipt = handed(qtbot, tmp_path / "receipt.json")
    becomes(page, "unlicensed", qtbot)
    assert "given back" in place.strip.text
    page.receipt.click()
    assert handed(qtbot, tmp_path / "again.json") == receipt
