"""What a diagnostics bundle lets through: numbers, and words of the program's own."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath

import pytest

from appliance.diagnosis import bundle, logged, shapes, versions
from appliance.diagnosis.bundle import Looked
from appliance.settings import Settings, Source
from appliance.values import AirgapReport, Check, LogRecord, Probe

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
AIRGAP = AirgapReport("Linux host-of-anna", ("seccomp",), (Probe("x", True, "anna"),), NOW)


def looked(data: Path, *checks: Check) -> Looked:
    return Looked(data, Settings(), AIRGAP, checks, NOW)


def members(raw: bytes) -> dict[str, object]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert all(one.compress_type == zipfile.ZIP_STORED for one in archive.infolist())
        return {
            name: json.loads(archive.read(name))
            for name in archive.namelist()
            if name.endswith(".json")
        }


def test_no_sentence_hint_or_unlisted_name_of_a_check_gets_in() -> None:
    check = Check(
        "Anna's ward", "Anna", "Anna", "Ask Anna", "Anna Berg", (("Anna", 1), ("n", "A B"))
    )
    (told,) = bundle.doctor((check,))
    assert told == {"check": "other", "state": "failed", "code": "", "facts": {"n": "other"}}


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        ("Anna", "other"), ("anna-berg.ward9", "other"), ("0.1.0-annas", "0.1.0"), ("600", "600"),
        ("active", "active"), ("ext4", "ext4"), ("x86-64-v3", "x86-64-v3"), ("linux", "linux"),
        (7, 7),
    ],
)  # fmt: skip
def test_a_fact_is_a_number_or_a_word_of_the_programs_own(fact: str | int, told: str | int) -> None:
    (line,) = bundle.doctor((Check("disk", "ok", "x", facts=(("fact", fact),)),))
    assert line["facts"] == {"fact": told}


def test_a_clock_that_no_zip_can_hold_is_no_reason_for_no_bundle(tmp_path: Path) -> None:
    for year in (1970, 2200):
        made = replace(looked(tmp_path), made=NOW.replace(year=year))
        about = members(bundle.bundle(made))["about.json"]
        assert isinstance(about, dict)
        assert about["made"].startswith(str(year))


def test_free_text_of_a_setting_is_told_by_its_length() -> None:
    sources = (("model", Source.MANAGED), ("gpu", Source.MANAGED))
    told = bundle.settings(Settings(model="annas-model", gpu="auto", sources=sources))
    assert told["model"] == {"source": "managed", "characters": 11}
    assert told["gpu"] == {"source": "managed", "value": "auto"}
    assert told["page_limit"] == {"source": "built-in", "value": 5_000}


def test_a_part_that_cannot_be_had_keeps_no_other_out(tmp_path: Path) -> None:
    found = members(bundle.bundle(looked(tmp_path / "missing", Check("log", "ok", "x"))))
    assert found["shapes.json"] == {"missing": "errno_2"}
    assert isinstance(found["doctor.json"], list)
    assert "anna" not in json.dumps(found)


def test_an_error_nobody_foresaw_is_named_by_its_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> dict[str, object]:
        raise ZeroDivisionError("in Anna's document")

    monkeypatch.setattr(bundle, "versions", broken)
    found = members(bundle.bundle(looked(tmp_path)))
    assert found["versions.json"] == {"missing": "ZeroDivisionError"}
    assert "Anna" not in json.dumps(found)


def test_the_same_look_makes_the_same_bytes(tmp_path: Path) -> None:
    assert bundle.bundle(looked(tmp_path)) == bundle.bundle(looked(tmp_path))


def test_files_are_told_by_kind_and_collections_by_order(tmp_path: Path) -> None:
    for name, size in (
        ("vault.json", 5),
        ("collections/bbb/store.duckdb", 20),
        ("collections/aaa/store.duckdb", 10),
        ("collections/aaa/files/anna.sealed", 7),
        ("anna/anna.txt", 3),
        ("models/anna@1/anna.bin", 1),
        ("packs/anna@1/anna/pack.sig", 1),
        ("parcels/anna/root.json", 1),
        ("people/anna/tokens.sealed", 1),
        ("people/anna/store.duckdb", 1),
        ("licence/anna.json", 1),
        ("audit/anna", 1),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
        path.chmod(0o600)
    (tmp_path / "vault.json").chmod(0o644)
    (tmp_path / "spill").symlink_to("/")
    told = shapes.shapes(tmp_path)
    kinds = told["kinds"]
    assert isinstance(kinds, dict)
    assert kinds["vault"] == {"files": 1, "bytes": 5, "largest": 5, "open": 1}
    assert kinds["stores"] == {"files": 2, "bytes": 30, "largest": 20, "open": 0}
    assert kinds["other"]["files"] == 1
    assert kinds["spill files"]["files"] == 1  # the link itself
    assert told["collections"] == [
        {"stores": 10, "stores_files": 1, "originals": 7, "originals_files": 1},
        {"stores": 20, "stores_files": 1},
    ]
    for word in ("anna", "aaa", "bbb"):
        assert word not in json.dumps(told)


def test_a_kind_is_told_for_every_path() -> None:
    assert shapes.kind_of(PurePath("collections/stray")) == "other"
    assert shapes.kind_of(PurePath("audit/tile/0/000")) == "log"


def record(seq: int, action: str, outcome: str = "", code: str = "") -> LogRecord:
    fields = (("code", code), ("details.note", "Anna")) if code else ()
    return LogRecord(seq, NOW + timedelta(days=seq), action, "Anna", "Anna", outcome, fields)


def test_of_records_only_words_of_the_program_are_told() -> None:
    records = (
        record(0, "ask.opened"),
        record(1, "ask.closed", "failed", "engine_failed"),
        record(2, "Anna", "Anna Berg", "Anna Berg"),
        record(3, "action.denied", "refused"),
    )
    told, wrong = logged.happened(records, 9), logged.errors(records)
    assert told["actions"] == {"action.denied": 1, "ask.closed": 1, "ask.opened": 1, "other": 1}
    assert (told["records"], told["looked_at"]) == (9, 4)
    assert [line["record"] for line in wrong] == [3, 2, 1]
    assert wrong[2]["code"] == "engine_failed"
    assert wrong[1]["code"] == "other"
    assert "Anna" not in json.dumps([told, wrong])


def test_only_so_many_errors_are_told_the_newest() -> None:
    many = [record(n, "ask.closed", "failed", "x_y") for n in range(logged.ERRORS + 7)]
    wrong = logged.errors(many)
    assert len(wrong) == logged.ERRORS
    assert wrong[0]["record"] == logged.ERRORS + 6


@pytest.mark.parametrize(
    ("text", "told"),
    [("6.1.0-annas-kernel", "6.1.0"), ("0.1.15.post2", "0.1.15.post2"), ("anna", ""), ("", "")],
)
def test_a_version_is_cut_to_its_number(text: str, told: str) -> None:
    assert versions.number(text) == told


def test_a_system_nobody_knows_is_another() -> None:
    assert versions.distribution('ID=debian\nVERSION_ID="12"\n') == ("debian", "12")
    assert versions.distribution("ID=annaos\nNAME=Anna\n") == ("other", "")
    assert versions.distribution("") == ("other", "")


def test_versions_name_what_the_program_needs() -> None:
    told = versions.versions()
    packages = told["packages"]
    assert isinstance(packages, dict)
    assert "missing" not in packages.values()
    assert packages["duckdb"].startswith("1.")
    assert "apache-tvm" not in packages  # only where models are built
