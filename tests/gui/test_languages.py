"""Four languages and two that nobody speaks: complete, laid out whole, and mirrored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from appliance.values import Account, Outcome, Person, Role, Standing
from gui.admin.people_table import PeopleTable
from gui.ask.welcome import Welcome
from gui.controls.tick import Tick
from gui.front import Front
from gui.languages import choice
from gui.languages.catalogue import CODES, catalogue
from gui.languages.said import BEGINNINGS, Sayings
from gui.languages.said import said as spoken
from gui.shell import Shell
from gui.text import counts, plain
from tests.gui.driving import PASSPHRASE, workplace
from tests.gui.laid_out import cut, shown
from tests.gui.marked_texts import left_over, marked, missing, unheard
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.pseudo import OPEN
from tests.gui.speaking import ALL, speaking

OTHERS = CODES[1:]
_HOLES = re.compile(r"\{[^}]*\}")
_COMMANDS = re.compile(r"`[^`]*`")
_DATES = re.compile(r"d MMM yyyy.*")


@pytest.fixture
def language(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[str]:
    with speaking(qapp, request.param):
        yield request.param


every = pytest.mark.parametrize("language", ALL, indirect=True)


# --- the catalogues ---------------------------------------------------------------------------


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_has_its_translation_and_no_translation_is_left_over(code: str) -> None:
    texts = catalogue(code)
    assert missing(texts) == ([], [])
    assert left_over(texts) == []


def test_every_module_that_speaks_is_translated_or_named_as_one_that_no_screen_shows() -> None:
    assert unheard() == []


@pytest.mark.parametrize("code", OTHERS)
def test_what_is_filled_in_and_what_is_typed_stay_as_they_are(code: str) -> None:
    texts = catalogue(code)
    for english, text in texts.window.items():
        assert sorted(_HOLES.findall(text)) == sorted(_HOLES.findall(english)), english
        assert sorted(_COMMANDS.findall(text)) == sorted(_COMMANDS.findall(english)), english
    for english, text in texts.said.items():
        assert set(_HOLES.findall(text)) == set(_HOLES.findall(english)), english
        assert sorted(_COMMANDS.findall(text)) == sorted(_COMMANDS.findall(english)), english


@pytest.mark.parametrize("code", OTHERS)
def test_what_ends_a_text_ends_its_translation(code: str) -> None:
    texts = catalogue(code)
    for english, text in {**texts.window, **texts.said}.items():
        if _DATES.fullmatch(english) or english in ("No.",):
            continue
        for end in (".", "?", "…", ": "):
            spaced = {":", " "} & {english[-1]} and code == "fr"
            assert text.endswith(end) == english.endswith(end) or spaced, (english, text)


@pytest.mark.parametrize("code", OTHERS)
def test_signs_are_set_as_the_language_sets_them(code: str) -> None:
    """The marks of quotation, and spaces that do not break before … and the signs of French."""
    wrong = {"de": "[”«»]|(?<= )…", "es": "[“”„]|(?<= )…", "fr": "[“”„]|« | [»:;?!…]"}[code]
    texts = catalogue(code)
    for english, text in {**texts.window, **texts.said}.items():
        assert not re.search(wrong, _COMMANDS.sub("", text).replace("  ", " ")), (english, text)


@pytest.mark.parametrize("code", OTHERS)
def test_only_what_is_the_same_in_both_languages_is_left_as_it_is(code: str) -> None:
    same = {text for text, other in catalogue(code).window.items() if text == other}
    assert all(len(text) < 16 or _HOLES.search(text) or "MMM" in text for text in same), same


def test_an_unmarked_text_is_found_in_the_window_before_log_in(qapp: QApplication) -> None:
    with speaking(qapp, "longer"):
        front = Front()
        front.resize(1280, 820)
        front.show()
        for show in (front.show_create, front.show_unlock, front.show_enrol, front.show_starter):
            show()
            words = [text for text in shown(front) if re.search("[A-Za-z]", text)]
            assert [text for text in words if OPEN not in text] == []
        front.close()


# --- the choice -------------------------------------------------------------------------------


def test_the_setting_decides_then_the_system_then_english() -> None:
    assert choice.chosen("fr", ["de-AT"]) == "fr"
    assert choice.chosen("system", ["pt-BR", "de-AT", "es"]) == "de"
    assert choice.chosen("system", ["es_MX"]) == "es"
    assert choice.chosen("system", ["ja", "C"]) == "en"
    assert choice.chosen("system", []) == "en"


@pytest.mark.parametrize(
    ("name", "thousand", "size", "share"),
    [
        ("en", "12,345", "1.5 MB", "84%"),
        ("de", "12.345", "1,5 MB", "84\u00a0%"),
        ("es", "12.345", "1,5 MB", "84\u00a0%"),
        ("fr", "12\u202f345", "1,5 Mo", "84\u00a0%"),
    ],
)
def test_numbers_are_written_as_the_language_writes_them(
    qapp: QApplication, name: str, thousand: str, size: str, share: str
) -> None:
    with speaking(qapp, name):
        assert counts.number(12_345) == thousand
        assert counts.size(1_500_000) == size
        assert counts.percent(0.84) == share
        assert counts.counted(0, "a", "b").endswith("a" if name == "fr" else "b")
        assert counts.counted(1, "a", "b").endswith("a")


# --- the appliance's own sentences ------------------------------------------------------------


def test_an_error_is_said_in_the_language_with_what_was_filled_in(qapp: QApplication) -> None:
    english = "The question has 9,000 characters; at most 4,000 fit."
    with speaking(qapp, "de"):
        assert spoken(english) == "Die Frage hat 9,000 Zeichen; höchstens 4,000 sind möglich."
        assert spoken("Log in first. Nothing was changed.") == (
            "Melden Sie sich zuerst an. Nichts wurde geändert."
        )
    assert spoken(english) == english


def test_what_is_not_known_stays_english_and_whole(qapp: QApplication) -> None:
    unknown = "The moon is made of cheese."
    with speaking(qapp, "de"):
        assert spoken(unknown) == unknown
        assert spoken(f"Log in first. {unknown}") == f"Log in first. {unknown}"
        assert spoken("The consent form is missing.") == "The consent form is missing."
        assert spoken("consent.pdf is missing.") == "consent.pdf fehlt."


def test_what_is_wrong_with_a_document_is_said_in_the_language(qapp: QApplication) -> None:
    with speaking(qapp, "de"):
        assert spoken("“board.pdf” is protected by a password.") == (
            "“board.pdf” ist durch ein Kennwort geschützt."
        )
        assert spoken("The document is empty.") == "Das Dokument ist leer."
        assert spoken("A reason has 10 to 500 characters; this has 2.") == (
            "Ein Grund: 10 bis 500 Zeichen sind möglich; dies hat 2."
        )


@given(st.text(max_size=300))
def test_what_is_filled_in_is_never_taken_for_a_placeholder(untrusted: str) -> None:
    sayings = Sayings({"{0} is gone.": "weg: {0}"})
    said = sayings.said(f"{untrusted} is gone.")
    begins = untrusted.partition(" ")[0] in BEGINNINGS
    if "\n" not in untrusted and len(untrusted) > 0 and not begins:
        assert said == f"weg: {untrusted}"
    assert Sayings({"Gone.": "weg"}).said(untrusted) in (untrusted, "weg")


# --- the screens ------------------------------------------------------------------------------


def opened(
    make: Callable[[MemoryAppliance], Shell], product: MemoryAppliance, qtbot: QtBot
) -> Shell:
    shell = make(product)
    shell.resize(1280, 820)
    qtbot.waitUntil(shell.front.unlock.secret.edit.isVisible)
    QTest.keyClicks(shell.front.unlock.secret.edit, PASSPHRASE)
    shell.front.unlock.go.click()
    qtbot.waitUntil(lambda: not shell.locked)
    place = workplace(shell)
    qtbot.waitUntil(lambda: place.library.collections.list.count() > 0)
    return shell


@every
def test_in_a_small_window_the_first_screens_cut_no_text(language: str, qtbot: QtBot) -> None:
    front = Front()
    qtbot.addWidget(front)
    front.resize(1024, 640)
    front.show()

    def whole() -> None:
        QApplication.processEvents()
        assert cut(front) == []

    for show in (front.show_create, front.show_unlock, front.show_enrol, front.show_starter):
        show()
        whole()
    front.show_recovery("Dr Ada Winter", "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGG-HHHH")
    whole()


@pytest.mark.parametrize("language", ["de"], indirect=True)
def test_a_question_to_begin_with_is_asked_as_it_stands(language: str, qtbot: QtBot) -> None:
    welcome = Welcome()
    qtbot.addWidget(welcome)
    question = "What is said about decision and consent in “Blood Transfusion”?"
    welcome.suggest((question,))
    with qtbot.waitSignal(welcome.suggested) as asked:
        welcome.buttons[0].click()
    assert asked.args == [question]
    assert question in welcome.buttons[0].accessibleName()


@pytest.mark.parametrize("language", ["mirrored"], indirect=True)
def test_from_right_to_left_the_window_is_mirrored(
    language: str,
    open_shell: Callable[[MemoryAppliance], Shell],
    product: MemoryAppliance,
    qtbot: QtBot,
) -> None:
    shell = opened(open_shell, product, qtbot)
    place = workplace(shell)
    assert shell.isRightToLeft()
    side = place.side.mapTo(shell, place.side.rect().center())
    assert side.x() > shell.width() * 3 // 4
    composer = place.ask.composer
    send = composer.send.mapTo(composer, composer.send.rect().center())
    assert send.x() < composer.width() // 4


def test_from_left_to_right_it_is_not(shell: Shell) -> None:
    place = workplace(shell)
    assert not shell.isRightToLeft()
    assert place.side.mapTo(shell, place.side.rect().center()).x() < shell.width() // 4


@pytest.mark.parametrize("language", ["mirrored"], indirect=True)
def test_from_right_to_left_a_person_stays_chosen(language: str, qtbot: QtBot) -> None:
    table = PeopleTable()
    qtbot.addWidget(table)
    table.resize(600, 300)
    table.rows.show_accounts((Account(Person("p1", "Ada", (Role.MEMBER,)), Standing.ACTIVE),), "")
    table.show()
    table.choose("p1")
    assert table.account() is not None


@pytest.mark.parametrize("language", ["mirrored"], indirect=True)
def test_from_right_to_left_the_box_of_a_tick_stands_at_the_right(
    language: str, qtbot: QtBot
) -> None:
    tick = Tick("ابج")
    qtbot.addWidget(tick)
    tick.resize(240, 32)
    tick.setChecked(True)
    tick.show()
    drawn = tick.grab().toImage()
    paper = drawn.pixel(120, 16)
    assert drawn.pixel(12, 16) == paper
    assert drawn.pixel(240 - 12, 16) != paper


@pytest.mark.parametrize("code", OTHERS)
def test_a_command_is_quoted_as_the_language_quotes(code: str, qapp: QApplication) -> None:
    marks = {"de": "„{}“", "es": "«{}»", "fr": "«\u00a0{}\u00a0»"}
    with speaking(qapp, code):
        assert marks[code].format("cloister --help") in plain.spoken("See `cloister --help`.")


def test_a_space_that_does_not_break_stays_one() -> None:
    assert plain.line("Fermer le\n compte\u00a0?  ") == "Fermer le compte\u00a0?"


def test_every_mark_has_a_context() -> None:
    assert [one.place for one in marked() if not one.context] == []
    assert Outcome.ANSWERED.value  # the words of the log stay what the log holds
