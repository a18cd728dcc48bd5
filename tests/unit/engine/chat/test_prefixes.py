"""The prepared system prompt survives on disk, sealed; whatever happens to it, asks go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.engine.chat.client import ChatHost
from appliance.engine.chat.loop import digest
from appliance.engine.chat.prefixes import PrefixStore
from appliance.engine.chat.process import Patience
from appliance.engine.decoding.request import Finished, Message, Sampling
from tests.chat_engine import FINGERPRINT, command

KEY = bytes(range(32))
SYSTEM = (Message("system", "Answer from the passages alone."),)
TOKENS = tuple((SYSTEM[0].text + "\n").encode())


@pytest.fixture
def store(tmp_path: Path) -> PrefixStore:
    return PrefixStore(tmp_path / "cache", KEY)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[PrefixStore | None], ChatHost]]:
    made: list[ChatHost] = []

    def host(kept: PrefixStore | None) -> ChatHost:
        chat = ChatHost(
            Path("/none"),
            command=command(),
            patience=Patience(start=30, token=10),
            system=SYSTEM,
            prefixes=kept,
        )
        made.append(chat)
        return chat

    yield host
    for one in made:
        one.close()


def sealed(tmp_path: Path) -> Path:
    return tmp_path / "cache" / FINGERPRINT / f"{digest(TOKENS)}.sealed"


def until(done: Callable[[], bool]) -> None:
    for _ in range(200):
        if done():
            return
        time.sleep(0.02)
    pytest.fail("it did not happen")


def cached(chat: ChatHost) -> int:
    asked = (*SYSTEM, Message("user", "x"))
    last = list(chat.generate(asked, Sampling(), lambda: None))[-1]
    assert isinstance(last, Finished)
    return last.cached_tokens


def test_what_is_written_is_read_again(store: PrefixStore) -> None:
    store.write("ab", "cd", b"pages" * 1000)
    assert store.read("ab", "cd") == b"pages" * 1000
    assert store.read("ab", "ce") is None
    assert store.notice == ""


def test_nothing_of_it_is_readable_on_the_disk(store: PrefixStore, tmp_path: Path) -> None:
    store.write("ab", "cd", b"pages" * 1000)
    (only,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert b"pages" not in only.read_bytes()


@pytest.mark.parametrize(
    "hurt", [lambda b: b[:-1], lambda b: b[:90] + b"x" + b[91:], lambda b: b""]
)
def test_a_damaged_one_is_removed_and_said(
    store: PrefixStore, tmp_path: Path, hurt: Callable[[bytes], bytes]
) -> None:
    store.write("ab", "cd", b"pages" * 1000)
    path = tmp_path / "cache" / "ab" / "cd.sealed"
    path.write_bytes(hurt(path.read_bytes()))
    assert store.read("ab", "cd") is None
    assert not path.exists()
    assert "made anew" in store.notice


def test_one_of_another_model_or_prompt_does_not_pass_under_this_name(
    store: PrefixStore, tmp_path: Path
) -> None:
    store.write("ab", "cd", b"pages")
    stolen = tmp_path / "cache" / "ab" / "cd.sealed"
    (tmp_path / "cache" / "ee").mkdir()
    for place in (stolen.with_name("ce.sealed"), tmp_path / "cache" / "ee" / "cd.sealed"):
        place.write_bytes(stolen.read_bytes())
    assert store.read("ab", "ce") is None
    assert store.read("ee", "cd") is None
    assert PrefixStore(tmp_path / "cache", bytes(32)).read("ab", "cd") is None


def test_what_other_models_and_prompts_left_goes(store: PrefixStore, tmp_path: Path) -> None:
    for fingerprint, name in (("ab", "cd"), ("ab", "ce"), ("ee", "cd")):
        store.write(fingerprint, name, b"pages")
    assert [p.relative_to(tmp_path / "cache").as_posix() for p in tmp_path.rglob("*.sealed")] == [
        "ee/cd.sealed"
    ]


def test_a_folder_that_cannot_be_written_is_said_and_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    store = PrefixStore(tmp_path / "cache", KEY)
    store.write("ab", "cd", b"pages")
    assert "not kept" in store.notice


def test_a_name_that_is_no_hash_is_never_a_path(store: PrefixStore) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        store.read("..", "cd")


def test_the_first_start_computes_and_keeps_it_and_the_next_takes_it_from_disk(
    store: PrefixStore, tmp_path: Path, start: Callable[[PrefixStore | None], ChatHost]
) -> None:
    first = start(store)
    first.start()
    until(sealed(tmp_path).exists)
    assert cached(first) == len(TOKENS)
    first.close()
    written = sealed(tmp_path).stat().st_mtime_ns
    second = start(PrefixStore(tmp_path / "cache", KEY))
    second.start()
    until(lambda: cached(second) == len(TOKENS))
    assert sealed(tmp_path).stat().st_mtime_ns == written
    assert second.notice == ""


def test_a_damaged_one_is_computed_anew_and_the_doctor_is_told(
    store: PrefixStore, tmp_path: Path, start: Callable[[PrefixStore | None], ChatHost]
) -> None:
    first = start(store)
    first.start()
    until(sealed(tmp_path).exists)
    first.close()
    sealed(tmp_path).write_bytes(b"CLSF\x01" + bytes(500))
    second = start(PrefixStore(tmp_path / "cache", KEY))
    second.start()
    until(lambda: sealed(tmp_path).exists() and sealed(tmp_path).stat().st_size > 1000)
    assert "made anew" in second.notice
    assert cached(second) == len(TOKENS)


def test_what_the_model_does_not_take_back_is_computed_anew(
    store: PrefixStore, tmp_path: Path, start: Callable[[PrefixStore | None], ChatHost]
) -> None:
    store.write(FINGERPRINT, digest(TOKENS), b"not an export of this model")
    chat = start(store)
    chat.start()
    until(lambda: cached(chat) == len(TOKENS))
    until(lambda: sealed(tmp_path).exists() and sealed(tmp_path).stat().st_size > 1000)
    assert "not an export" in chat.notice


def test_without_a_place_to_keep_it_the_prompt_is_prepared_all_the_same(
    start: Callable[[PrefixStore | None], ChatHost],
) -> None:
    chat = start(None)
    chat.start()
    until(lambda: cached(chat) == len(TOKENS))
