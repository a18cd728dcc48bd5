"""`python -m tests.gui.real_kiosk FOLDER`: a visitor at a kiosk with the real product.

Run in a process of its own, because the guards bind it for good. Prints the name of each step once
it is done; whatever is not as it should be, or a word from Qt, ends it with a traceback.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from appliance import settings
from appliance.managed import TomlFile
from appliance.sample import QuestionKind, sample_folder, sample_questions
from appliance.values import KioskEnded, Role
from tests.gui.waiting import until

if TYPE_CHECKING:
    from appliance.app import Appliance
    from gui.kiosk.visit import Visit
    from gui.kiosk.window import KioskWindow

PASSPHRASE, SECRET = "tidal lantern orchard mosaic", "eleven wooden boats on a lake"
STEPS = ("furnish", "open", "ask", "page", "not about a person", "wipe", "leave",
         "the log is whole", "nothing left")  # fmt: skip
_QUESTIONS = sample_questions("hospital")
KNOWN = next(q for q in _QUESTIONS if q.kind is QuestionKind.ANSWER)
PERSON = "Which room is Mrs Quernstone in?"
MANAGED = f"""\
packs = "kiosk"
kiosk_title = "Ask about the ward"
kiosk_questions = "{KNOWN.text}"
kiosk_layouts = "fr, en"
"""


def furnish(product: Appliance) -> None:
    product.create("Ida", PASSPHRASE)
    collection = product.create_collection("For visitors").id
    list(product.add(collection, [sample_folder("hospital") / KNOWN.file]))
    with product.people() as people:
        person = people.add("Visitor", SECRET, (Role.KIOSK,))[0].id
        people.join(collection, person)
    product.lock()


def visit(window: KioskWindow) -> Visit:
    assert window.visit is not None
    return window.visit


def opens(window: KioskWindow) -> None:
    window.begin()
    until(lambda: window.places.currentWidget() is window.attract, "the first screen")
    assert window.attract.title.text() == "Ask about the ward"
    window.attract.begin.click()
    assert visit(window).compose.keyboard.layout_code == "fr"


def ask(window: KioskWindow) -> None:
    visit(window).compose.starters[0].click()
    until(lambda: visit(window).answer.sources, "the answer")
    assert KNOWN.phrase in visit(window).answer.text.toPlainText()
    assert KNOWN.document in visit(window).answer.sources[0].accessibleName()


def page(window: KioskWindow) -> None:
    shown = visit(window).answer.page
    until(lambda: shown.view, "the page")
    sheet = shown.picture.sheet
    assert sheet.accessibleName() == f"Page {KNOWN.page} of {KNOWN.document}"
    until(lambda: not sheet.passage().isEmpty(), "the highlight")


def not_about_a_person(window: KioskWindow) -> None:
    visit(window).begin()
    visit(window).compose.field.put(PERSON)
    visit(window).compose.send.click()
    until(visit(window).answer.notice.isVisible, "the refusal")
    assert "one person" in visit(window).answer.notice.sentence


def wipe(window: KioskWindow) -> None:
    from tests.gui.kiosk_window import words_in

    visit(window).done.click()
    assert window.places.currentWidget() is window.attract
    left = words_in(window)
    assert "Quernstone" not in left
    assert KNOWN.phrase not in left
    history = window.appliance._sitting.desk and window.appliance._sitting.desk.history
    until(lambda: not any(getattr(history, "_key", b"x")), "the key to be gone")


def leave(window: KioskWindow) -> None:
    window.attract.leave.click()
    for field, text in ((window.leaving.name, "Ida"), (window.leaving.secret, PASSPHRASE)):
        field.put(text)
    window.leaving.go.click()
    until(lambda: window.left, "an administrator to be believed")
    assert window.isHidden()


def log_is_whole(product: Appliance) -> None:
    """It verifies, holds each ask with its end, and no word of any, sealed or not."""
    product.unlock(PASSPHRASE, "Ida")
    assert product.verify_log().verified
    asks = [one for one in product.log_records(0, 1_000) if one.action.startswith("ask.")]
    assert [one.action for one in asks] == ["ask.opened", "ask.closed"] * 2
    assert [one.outcome for one in asks[1::2]] == ["answered", "refused"]
    assert [product.log_payload(one.seq) for one in asks] == [""] * 4
    product.close()


def nothing_left(folder: Path) -> None:
    """No file has a word of the visitor's: in the data folder, in the account's own, in the one for
    what is temporary. Their account has no store."""
    data = folder / "data"
    written = [file for file in folder.rglob("*") if file.is_file()]
    for file in written:
        held = file.read_bytes()
        for word in ("Quernstone", KNOWN.text):
            managed = word == KNOWN.text and file.name == "managed.toml"  # an approved question
            assert managed or word.encode() not in held, file
            assert word.encode("utf-16-le") not in held, file
    places = {file.parts[len(data.parts)] for file in written if file.is_relative_to(data)}
    assert {"audit", "collections", "people"} <= places
    stores = [folder.name for folder in (data / "people").iterdir() if folder.is_dir()]
    assert len(stores) == 1, stores  # Ida's


def main() -> int:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    folder = Path(sys.argv[1])
    (folder / "managed.toml").write_text(MANAGED)
    institution = TomlFile(folder / "managed.toml", None)
    settings.managed_source = lambda: institution
    from gui.kiosk.__main__ import opened
    from tests.gui.real_journey import application

    product = opened(folder / "data")
    if isinstance(product, Exception):
        raise product
    furnish(product)
    print(STEPS[0], flush=True)
    said: list[str] = []
    running = application(said)

    from gui.kiosk.window import Opening
    from tests.gui.kiosk_window import SizedWindow

    window = SizedWindow(product, Opening("Visitor", SECRET, KioskEnded()))
    steps = (opens, ask, page, not_about_a_person, wipe, leave)
    for name, act in zip(STEPS[1:-2], steps, strict=True):
        act(window)
        running.processEvents()
        print(name, flush=True)
    log_is_whole(product)
    print(STEPS[-2], flush=True)
    nothing_left(folder)
    print(STEPS[-1], flush=True)
    said = [word for word in said if "raise()" not in word]
    assert not said, said
    return 0


if __name__ == "__main__":
    sys.exit(main())
