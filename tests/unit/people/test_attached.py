"""Documents of a person's own beside a conversation: searched by it alone, gone with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.app import Appliance
from appliance.attached import MOST, TooManyAttached
from appliance.cancellation import Cancellation
from appliance.clock import now
from appliance.conversations import kept
from appliance.desk import NotAllowed
from appliance.errors import StoreTampered, UsageError
from appliance.ledger import Ledger
from appliance.restoring import restore
from appliance.values import (
    Answered,
    ExportForm,
    Found,
    ImportProgress,
    ImportState,
    Opened,
    PageText,
    Role,
)
from tests.people_at_work import CANARY, SECRETS, Hospital

OWN = "The transfer letter of bed 7 names zanamivir twice daily."
QUESTION = "What does the transfer letter of bed 7 name?"


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    file = tmp_path / "letter.txt"
    file.write_text(f"{OWN}\n")
    return file


def asked(appliance: Appliance, text: str, conversation: str = "") -> tuple[str, str]:
    """The conversation, and everything that was found."""
    events = list(appliance.ask(text, conversation=conversation))
    opened, answered = events[0], events[-1]
    assert isinstance(opened, Opened)
    assert isinstance(answered, Answered), answered
    found = [one.passage.text for e in events if isinstance(e, Found) for one in e.passages]
    return opened.conversation, " ".join(found)


def attached(appliance: Appliance, conversation: str, *files: Path) -> int:
    """How many were added."""
    with appliance.remembered() as remembered:
        events = list(remembered.attach(conversation, files, Cancellation()))
    return sum(isinstance(e, ImportProgress) and e.state is ImportState.ADDED for e in events)


@pytest.fixture
def begun(hospital: Hospital, letter: Path) -> Iterator[tuple[Appliance, str]]:
    """Anna's desk and a conversation with the letter beside it."""
    with hospital.desk("Anna") as anna:
        conversation, _ = asked(anna, "How many visitors?")
        assert attached(anna, conversation, letter) == 1
        yield anna, conversation


def test_what_is_beside_a_conversation_is_found_by_it_and_by_no_other(
    begun: tuple[Appliance, str],
) -> None:
    anna, conversation = begun
    assert OWN in asked(anna, QUESTION, conversation)[1]
    assert CANARY in asked(anna, "How many visitors does it allow?", conversation)[1]
    assert OWN not in asked(anna, QUESTION)[1]


def test_it_is_no_part_of_the_library(begun: tuple[Appliance, str], hospital: Hospital) -> None:
    anna, conversation = begun
    assert [one.id for one in anna.collections()] == [hospital.ward]
    with anna.at_desk() as desk:
        assert conversation not in desk.library.open_collections()
    with anna.remembered() as remembered:
        (info,) = remembered.attached(conversation)
        assert info.title == "letter.txt"


def test_its_page_is_shown_and_its_answer_exported(
    begun: tuple[Appliance, str], tmp_path: Path
) -> None:
    anna, conversation = begun
    asked(anna, f"{OWN} Is that so?", conversation)
    answer = anna.turns(conversation)[-1].answer
    assert answer is not None
    citation = next(c for c in answer.citations if c.passage.collection == conversation)
    page = anna.page(citation)
    assert isinstance(page, PageText)
    assert OWN in page.text
    with anna.remembered() as remembered:
        remembered.export(conversation, ExportForm.MARKDOWN, tmp_path / "a.md")
    said = (tmp_path / "a.md").read_text().replace("\\", "")
    assert f"(a document of the person who asked, not of the library): “{OWN}”" in said
    with anna.remembered() as remembered:  # as it is kept, one of the library says nothing
        remembered.export(conversation, ExportForm.MARKDOWN, tmp_path / "b.md",
                          turns=[anna.turns(conversation)[0].record])  # fmt: skip
    assert "not of the library" not in (tmp_path / "b.md").read_text()


def test_it_is_there_after_the_next_log_in_and_encrypted_between(
    hospital: Hospital, letter: Path
) -> None:
    with hospital.desk("Anna") as anna:
        conversation, _ = asked(anna, "How many visitors?")
        attached(anna, conversation, letter)
    for file in hospital.data.rglob("*"):
        if file.is_file():
            assert b"zanamivir" not in file.read_bytes(), file
    with hospital.desk("Anna") as anna:
        assert OWN in asked(anna, QUESTION, conversation)[1]
    with hospital.desk("Bert") as bert:
        assert OWN not in asked(bert, QUESTION)[1]
        assert OWN not in asked(bert, QUESTION, conversation)[1]  # an id opens nothing


def test_deleting_the_conversation_takes_it_away(
    begun: tuple[Appliance, str], hospital: Hospital
) -> None:
    anna, conversation = begun
    folder = next(hospital.data.glob("people/*/attached")) / conversation
    assert (folder / "store.duckdb").exists()
    with anna.remembered() as remembered:
        remembered.forget(conversation)
        assert remembered.attached(conversation) == ()
    assert not folder.exists()
    with anna.at_desk() as desk:
        assert kept(desk.history).attached_key(conversation) is None


def test_one_document_is_taken_away(begun: tuple[Appliance, str], hospital: Hospital) -> None:
    anna, conversation = begun
    with anna.remembered() as remembered:
        (info,) = remembered.attached(conversation)
        remembered.detach(conversation, info.id)
        assert remembered.attached(conversation) == ()
    assert OWN not in asked(anna, QUESTION, conversation)[1]
    assert not list(hospital.data.glob("people/*/attached/*/files/*"))


def test_a_new_conversation_can_begin_with_it(hospital: Hospital, letter: Path) -> None:
    with hospital.desk("Anna") as anna:
        attached(anna, "0" * 32, letter)
        conversation, found = asked(anna, QUESTION, "0" * 32)
        assert conversation == "0" * 32
        assert OWN in found
    with hospital.desk("Anna") as anna:
        assert OWN in asked(anna, QUESTION, conversation)[1]


def test_what_nothing_was_asked_of_is_swept_at_the_next_log_in(
    hospital: Hospital, letter: Path
) -> None:
    with hospital.desk("Anna") as anna:
        attached(anna, "1" * 32, letter)
    folder = next(hospital.data.glob("people/*/attached"))
    (folder / "left-by-a-crash").mkdir()
    with hospital.desk("Anna") as anna, anna.at_desk() as desk:
        assert kept(desk.history).attached_keys() == ()
    assert not list(folder.iterdir())


def test_a_store_that_was_put_back_is_refused_and_the_rest_goes_on(
    hospital: Hospital, letter: Path
) -> None:
    with hospital.desk("Anna") as anna:
        conversation, _ = asked(anna, "How many visitors?")
        attached(anna, conversation, letter)
    store = next(hospital.data.glob("people/*/attached/*/store.duckdb"))
    store.write_bytes(store.read_bytes()[:-4096])
    with hospital.desk("Anna") as anna:
        with pytest.raises(StoreTampered):
            asked(anna, QUESTION, conversation)
        assert CANARY in asked(anna, "How many visitors does it allow?")[1]
    assert "store.refused" in hospital.actions()


def test_who_may_not_attach_does_not(hospital: Hospital, letter: Path) -> None:
    with hospital.desk("Dora") as dora, dora.people() as people:
        people.confirm(SECRETS["Dora"])
        people.set_roles(hospital.ids["Bert"], (Role.ADMINISTRATOR,))
    with hospital.desk("Bert") as bert, pytest.raises(NotAllowed, match="of your own"):
        attached(bert, "2" * 32, letter)
    assert not list(hospital.data.glob("people/*/attached/*"))


def letters(folder: Path) -> list[Path]:
    """As many as fit beside a conversation, in a folder."""
    folder.mkdir()
    made = [folder / f"{number}.txt" for number in range(MOST)]
    for file in made:
        file.write_text(file.name)
    return made


def test_more_than_fits_and_strange_ids_are_refused(
    begun: tuple[Appliance, str], letter: Path, tmp_path: Path
) -> None:
    anna, conversation = begun
    with pytest.raises(TooManyAttached):
        attached(anna, conversation, *letters(tmp_path / "many"))
    with pytest.raises(TooManyAttached):
        attached(anna, conversation, tmp_path / "many")
    with pytest.raises(UsageError):
        attached(anna, "../../../elsewhere", letter)


def test_no_record_says_what_it_was_called(
    begun: tuple[Appliance, str], hospital: Hospital
) -> None:
    anna, conversation = begun
    with anna.at_desk() as desk:
        records = desk.ledger.log.records(0, 10_000)
    added = [record for record in records if record.action == "document.added"][-1]
    assert dict(added.fields)["details.collection"] == conversation
    assert "letter" not in repr(records)


def test_a_backup_of_an_open_desk_brings_it_back(
    hospital: Hospital, letter: Path, tmp_path: Path
) -> None:
    stick, data = tmp_path / "stick", tmp_path / "new"
    stick.mkdir()
    data.mkdir(mode=0o700)
    with hospital.desk("Anna") as anna:
        conversation, _ = asked(anna, "How many visitors?")
        attached(anna, conversation, letter)
        with anna.administration() as care:
            care.backups.create(stick)
        asked(anna, QUESTION, conversation)  # and goes on
    restore(stick, data, lambda: hospital.code, now)
    (data / "spill").mkdir(mode=0o700)
    with replace(hospital, data=data).desk("Anna") as anna:
        assert OWN in asked(anna, QUESTION, conversation)[1]


def test_what_a_crash_cut_off_beside_a_conversation_gets_its_second_record(
    hospital: Hospital, letter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    anna = hospital.appliance()
    anna.unlock(SECRETS["Anna"], "Anna")
    conversation, _ = asked(anna, "How many visitors?")
    noted = Ledger.note

    def killed(self: Ledger, action: str, **more: object) -> int:
        if action == "document.added":
            raise Killed
        return noted(self, action, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Ledger, "note", killed)
    with pytest.raises(Killed):
        attached(anna, conversation, letter)
    monkeypatch.undo()
    crashed = hospital.copied(tmp_path / "crashed")  # as a kill leaves it
    anna.close()
    with crashed.desk("Anna") as again:
        assert OWN in asked(again, QUESTION, conversation)[1]
    last = [one for one in crashed.records() if one.action == "document.added"][-1]
    assert (last.outcome, dict(last.fields)["details.collection"]) == ("recovered", conversation)
