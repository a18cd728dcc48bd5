"""A token is bound to a person, a purpose and an end, and an older list brings none back."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.api.errors import TokenRefused, TokensTampered, TokenUnknown, TokenUnusable
from appliance.api.limits import Rate, Refusals
from appliance.api.tokens import MOST, TokenBook
from tests.contract.fakes import NOON

KEY = bytes(range(32))
LATER = NOON + timedelta(hours=1)


def book(folder: Path, *, floor: int | None = None, key: bytes = KEY, person: str = "p-anna",
         anew: bool = False) -> TokenBook:  # fmt: skip
    return TokenBook(
        folder / "people" / "tokens", key, person, floor=floor, on_write=lambda _: None, anew=anew
    )


def made(tokens: TokenBook, application: str = "letters", days: int = 30) -> str:
    return tokens.create(application, "To write letters.", now=NOON, days=days)[1]


def reason(tokens: TokenBook, text: str, days: int = 0) -> str:
    with pytest.raises(TokenUnusable) as told:
        tokens.require(text, LATER + timedelta(days=days))
    return told.value.reason


def test_a_token_opens_until_its_end_and_not_before_it_was_made(tmp_path: Path) -> None:
    tokens = book(tmp_path)
    text = made(tokens)
    assert tokens.require(text, LATER).application == "letters"
    assert reason(tokens, text, days=30) == "ended"
    assert reason(tokens, text, days=-1) == "ended"


def test_only_the_whole_token_opens(tmp_path: Path) -> None:
    tokens = book(tmp_path)
    text = made(tokens)
    other = "A" if text[-1] != "A" else "B"
    for wrong in (text[:-1] + other, text.upper(), f"{text} ", text[:-1], "", "x" * 10_000):
        assert reason(tokens, wrong) in ("unknown", "malformed")


def test_neither_token_nor_name_nor_purpose_lies_in_the_file(tmp_path: Path) -> None:
    tokens = book(tmp_path)
    text = made(tokens)
    raw = (tmp_path / "people" / "tokens").read_bytes()
    for secret in (text, text[-43:], "letters", "To write", text.split("_")[1]):
        assert secret.encode() not in raw


def test_what_was_made_and_revoked_is_there_when_the_list_is_opened_again(tmp_path: Path) -> None:
    first = book(tmp_path)
    kept, gone = made(first), made(first, "lists")
    first.revoke(first.require(gone, LATER).id, LATER)
    again = book(tmp_path, floor=3)
    assert again.require(kept, LATER).purpose == "To write letters."
    assert reason(again, gone) == "revoked"
    assert again.all() == first.all()


def test_an_older_list_is_refused_and_so_is_a_missing_one(tmp_path: Path) -> None:
    tokens = book(tmp_path)
    text = made(tokens)
    file = tmp_path / "people" / "tokens"
    shutil.copy(file, tmp_path / "older")
    tokens.revoke(tokens.require(text, LATER).id, LATER)
    shutil.copy(tmp_path / "older", file)
    with pytest.raises(TokensTampered):
        book(tmp_path, floor=2)
    file.unlink()
    with pytest.raises(TokensTampered):
        book(tmp_path, floor=2)
    anew = book(tmp_path, floor=2, anew=True)
    assert anew.all() == ()
    assert book(tmp_path, floor=3).all() == ()
    assert reason(anew, text) == "unknown"


def test_a_list_that_a_crash_left_newer_than_the_log_is_used_and_the_log_told(
    tmp_path: Path,
) -> None:
    """Else the list before it could be put back."""
    text = made(book(tmp_path))
    told: list[int] = []
    file = tmp_path / "people" / "tokens"
    opened = TokenBook(file, KEY, "p-anna", floor=None, on_write=told.append)
    assert opened.require(text, LATER)
    assert told == [1]
    TokenBook(file, KEY, "p-anna", floor=1, on_write=told.append)
    assert told == [1]


def test_the_longest_list_there_can_be_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = book(tmp_path)
    wanted = tuple(f"{number:032x}" for number in range(100))
    longest = tokens.create("a" * 40, "\U00010400" * 200, now=NOON, days=1, collections=wanted)[0]
    monkeypatch.setattr(tokens, "_tokens", (longest,) * (2 * MOST))
    tokens.create("letters", "Letters.", now=NOON - timedelta(days=1), days=1)
    assert len(book(tmp_path).all()) >= MOST


@pytest.mark.parametrize("damage", ["bit", "cut", "empty", "longer"])
def test_a_damaged_list_is_refused(tmp_path: Path, damage: str) -> None:
    made(book(tmp_path))
    file = tmp_path / "people" / "tokens"
    raw = bytearray(file.read_bytes())
    if damage == "bit":
        raw[len(raw) // 2] ^= 1
    elif damage == "cut":
        del raw[-20:]
    elif damage == "empty":
        raw.clear()
    else:
        raw += b"x"
    file.write_bytes(raw)
    with pytest.raises(TokensTampered):
        book(tmp_path)


def test_another_persons_list_does_not_open(tmp_path: Path) -> None:
    made(book(tmp_path))
    with pytest.raises(TokensTampered):
        book(tmp_path, person="p-ben")
    with pytest.raises(TokensTampered):
        book(tmp_path, key=bytes(32))


@pytest.mark.parametrize(
    ("application", "purpose", "days"),
    [("Letters!", "x", 1), ("", "x", 1), ("a" * 41, "x", 1), ("a", " ", 1), ("a", "x" * 201, 1),
     ("a", "line\nline", 1), ("a", "x", 0), ("a", "x", 367)],
)  # fmt: skip
def test_a_token_that_makes_no_sense_is_not_made(
    tmp_path: Path, application: str, purpose: str, days: int
) -> None:
    tokens = book(tmp_path)
    with pytest.raises(TokenRefused):
        tokens.create(application, purpose, now=NOON, days=days)
    assert not (tmp_path / "people").exists()


def test_there_are_only_so_many_and_revoking_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.api.tokens.MOST", 3)
    assert MOST == 100
    tokens = book(tmp_path)
    for _ in range(3):
        made(tokens)
    with pytest.raises(TokenRefused):
        made(tokens)
    tokens.revoke(tokens.all()[0].id, LATER)
    made(tokens)
    for _ in range(9):
        alive = [token for token in tokens.all() if token.alive(LATER)]
        tokens.revoke(alive[0].id, LATER)
        made(tokens)
    assert len(tokens.all()) <= 3 + 3 + 1


def test_revoking_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(TokenUnknown):
        book(tmp_path).revoke("0" * 16, NOON)


def test_a_rate_fills_again_with_time() -> None:
    rate = Rate(6)
    rate.take("a", 0.0, "Too often.")
    rate.take("a", 0.0, "Too often.")
    with pytest.raises(Exception, match="Too often") as told:
        rate.take("a", 1.0, "Too often.")
    assert told.value.seconds == 10  # type: ignore[attr-defined]
    rate.take("a", 11.0, "Too often.")


def test_every_refusal_is_accounted_for() -> None:
    told: list[tuple[str, str, int]] = []
    refusals = Refusals(lambda *said: told.append(said))
    for second in range(90):
        refusals.add("bad", "", float(second))
    refusals.add("other", "letters/1", 95.0)
    refusals.tell()
    assert sum(count for code, _, count in told if code == "bad") == 90
    assert ("other", "letters/1", 1) in told
    assert len(told) == 5


def test_what_is_counted_is_told_without_another_of_its_kind() -> None:
    told: list[tuple[str, str, int]] = []
    refusals = Refusals(lambda *said: told.append(said))
    refusals.add("bad", "", 0.0)
    refusals.add("bad", "", 1.0)
    refusals.tell(59.0)
    assert told == [("bad", "", 1)]
    refusals.tell(60.0)
    assert told == [("bad", "", 1), ("bad", "", 1)]
