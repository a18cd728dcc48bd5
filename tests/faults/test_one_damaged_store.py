"""One store that is not what the log recorded takes nothing else with it."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conftest import _made, vault  # noqa: F401  the same vault, made once
from tests.e2e.terminal import Said, cloister, require
from tests.faults.test_tampering import flip


def collection_ids(data: Path) -> dict[str, str]:
    said = require(cloister(data, "library"))
    return {
        str(line["title"]): str(line["collection"])
        for line in said.lines
        if "title" in line and "document" not in line
    }


def with_second_collection(data: Path, folder: Path) -> dict[str, str]:
    (folder / "canteen.txt").write_text("The canteen closes at three in the afternoon.\n")
    require(cloister(data, "add", "--to", "Other", str(folder / "canteen.txt")))
    return collection_ids(data)


def refusals(data: Path) -> list[tuple[str, str]]:
    """(store, code) of each refusal that the log holds."""
    said = require(cloister(data, "log", "show", "--count", "500"))
    found = []
    for line in said.lines:
        fields = line.get("fields")
        if line.get("action") == "store.refused" and isinstance(fields, dict):
            found.append((str(line["object"]), str(fields["code"])))
    return found


def require_log_works(data: Path, folder: Path) -> None:
    assert require(cloister(data, "log", "verify")).find("verified") is True
    require(cloister(data, "log", "export", str(folder / "exported")))


def test_a_damaged_collection_is_left_out_and_named(vault: Path, tmp_path: Path) -> None:  # noqa: F811
    ids = with_second_collection(vault, tmp_path)
    flip(vault / "collections" / ids["Ward"] / "store.duckdb", 20_000)

    asked = require(cloister(vault, "ask", "When does the canteen close?"))
    assert "three" in str(asked.find("answer"))
    assert "“Ward”" in asked.errors

    wanted = require(cloister(vault, "ask", "--in", "Ward", "Where do staff park?"), 1)
    assert wanted.find("error") == "store_damaged"
    assert "“Ward”" in str(wanted.find("sentence"))
    assert wanted.find("hint")

    assert (f"collection/{ids['Ward']}", "store_damaged") in refusals(vault)
    require_log_works(vault, tmp_path)


def test_the_library_says_which_collection_is_not_used(vault: Path, tmp_path: Path) -> None:  # noqa: F811
    ids = with_second_collection(vault, tmp_path)
    flip(vault / "collections" / ids["Other"] / "store.duckdb", 20_000)
    said: Said = require(cloister(vault, "library"), 1)
    problems = {line["title"]: line["problem"] for line in said.lines if line.get("problem")}
    assert list(problems) == ["Other"]
    assert any(line.get("title") == "Ward" for line in said.lines)
    refused = require(cloister(vault, "add", "--to", "Other", str(tmp_path / "canteen.txt")), 1)
    assert refused.find("error") == "store_damaged"


def test_a_rolled_back_collection_is_said_to_be_older(vault: Path, tmp_path: Path) -> None:  # noqa: F811
    ids = with_second_collection(vault, tmp_path)
    store = vault / "collections" / ids["Other"] / "store.duckdb"
    older = store.read_bytes()
    (tmp_path / "more.txt").write_text("The canteen opens at eleven in the morning.\n")
    require(cloister(vault, "add", "--to", "Other", str(tmp_path / "more.txt")))
    store.write_bytes(older)
    assert require(cloister(vault, "ask", "Where do staff park?"))
    assert (f"collection/{ids['Other']}", "store_rolled_back") in refusals(vault)


def test_swapped_collections_are_said_to_be_swapped(vault: Path, tmp_path: Path) -> None:  # noqa: F811
    ids = with_second_collection(vault, tmp_path)
    one, two = (vault / "collections" / ids[title] / "store.duckdb" for title in ("Ward", "Other"))
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    said = require(cloister(vault, "ask", "Where do staff park?"), 1)
    assert said.find("error") == "store_swapped"
    assert {code for _, code in refusals(vault)} == {"store_swapped"}


def test_damaged_conversations_keep_nobody_from_asking(vault: Path, tmp_path: Path) -> None:  # noqa: F811
    flip(next(vault.glob("people/*/store.duckdb")), 20_000)
    asked = require(cloister(vault, "ask", "Where do staff park?"))
    assert "level three" in str(asked.find("answer"))
    assert "conversations" in asked.errors
    assert [code for _, code in refusals(vault)] == ["store_damaged"] * 2  # ask, log show
    require_log_works(vault, tmp_path)


def test_the_doctor_names_what_is_damaged(vault: Path, tmp_path: Path) -> None:  # noqa: F811
    ids = with_second_collection(vault, tmp_path)
    flip(vault / "collections" / ids["Other"] / "store.duckdb", 20_000)
    said = require(cloister(vault, "doctor"), 1)
    (stores,) = [line for line in said.lines if line.get("check") == "stores"]
    assert stores["state"] == "failed"
    assert "“Other”" in str(stores["sentence"])
    assert stores["hint"]
