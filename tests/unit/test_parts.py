"""What the program is made of, as the installed packages say it themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance import parts
from appliance.parts import PartUnknown


def test_every_part_that_is_needed_is_named_with_version_and_licence() -> None:
    shown = {one.name.lower(): one for one in parts.parts()}
    names = list(shown)
    assert names[:2] == ["cloister", "python"]
    assert {"duckdb", "cryptography", "cedarpy", "pyside6-essentials", "shiboken6"} <= set(names)
    assert not {"pytest", "ruff", "mypy"} & set(names)  # for developing alone
    unstated = [name for name, one in shown.items() if name != "cloister" and not one.licence]
    assert unstated == []
    assert all(one.version for one in shown.values())


def test_what_a_part_is_for_stands_in_the_list_of_dependencies() -> None:
    shown = {one.name.lower(): one for one in parts.parts()}
    assert shown["cedarpy"].purpose.startswith("decides policies")
    assert "`" not in "".join(one.purpose for one in shown.values())


def test_without_the_list_the_parts_are_named_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "LIST", tmp_path / "nothing.md")
    assert parts.stated() == {}
    assert {""} >= {one.purpose for one in parts.parts()}


def test_a_licence_is_read_and_nothing_else_is() -> None:
    shown = {one.name.lower(): one for one in parts.parts()}
    duckdb = shown["duckdb"]
    assert duckdb.texts
    assert parts.licence_text(duckdb.name, duckdb.texts[0])
    for part, file in ((duckdb.name, "../../../etc/passwd"), ("nothing", "LICENSE"),
                       (duckdb.name, "")):  # fmt: skip
        with pytest.raises(PartUnknown):
            parts.licence_text(part, file)
