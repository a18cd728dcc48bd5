"""The list of parts: whole, the same each time, with the libraries inside the wheels and their
hashes; and the notices, with the texts."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from supply.components import Component, Gathered, shipped
from supply.notices import libraries, notices
from supply.sbom import document, written
from supply.spdx import choices

from appliance.airgap_evidence import listed_files
from appliance.engine.reading.weights import default_reader_folder


@pytest.fixture(scope="module")
def listed(found: Gathered) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(written(found))
    return said


TYPES = {"library", "file", "machine-learning-model"}
FIELDS = {"type", "bom-ref", "name", "version", "purl", "licenses", "hashes", "properties",
          "components", "authors"}  # fmt: skip


def every(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With those within."""
    return [one for c in components for one in (c, *every(c.get("components", [])))]


def test_every_component_is_as_the_schema_has_it(listed: dict[str, Any]) -> None:
    """CycloneDX 1.6, `component`: the fields that are used here, and no other."""
    assert set(listed) == {"bomFormat", "specVersion", "version", "serialNumber", "metadata",
                           "components", "compositions", "dependencies"}  # fmt: skip
    (unknown,) = listed["compositions"]
    assert unknown["aggregate"] == "unknown"
    assert set(unknown["assemblies"]) == {
        one["bom-ref"] for one in listed["components"] if one["type"] == "file"
    }
    number = r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    assert re.fullmatch(number, listed["serialNumber"])
    for one in every(listed["components"]):
        assert set(one) <= FIELDS
        assert one["type"] in TYPES
        assert one["name"]
        for said in one.get("licenses", ()):
            assert set(said) == {"expression"}
            assert choices(said["expression"])
        assert len(one.get("licenses", ())) <= 1
        for said in one.get("hashes", ()):
            assert said["alg"] == "SHA-256"
            assert re.fullmatch("[0-9a-f]{64}", said["content"])
        for said in one.get("properties", ()):
            assert set(said) == {"name", "value"}
            assert isinstance(said["value"], str)


def test_it_is_cyclonedx_and_the_same_each_time(listed: dict[str, Any], found: Gathered) -> None:
    assert (listed["bomFormat"], listed["specVersion"]) == ("CycloneDX", "1.6")
    assert listed["serialNumber"].startswith("urn:uuid:")
    assert document(found) == listed
    text = json.dumps(listed)
    assert "timestamp" not in text
    assert str(Path.home()) not in text
    refs = [one["bom-ref"] for one in every(listed["components"])]
    assert len(refs) == len(set(refs)) > 500
    for row in listed["dependencies"]:
        assert set(row["dependsOn"]) <= set(refs)


def test_the_only_time_in_it_is_the_releases(found: Gathered) -> None:
    one, other = document(found, 1_790_000_000), document(found, 1_790_000_001)
    metadata = one["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["timestamp"] == "2026-09-21T14:13:20Z"
    assert one["serialNumber"] != other["serialNumber"]
    assert document(found, 1_790_000_000) == one


def test_every_part_is_there_with_licence_and_locked_hashes(listed: dict[str, Any]) -> None:
    parts = {one["name"]: one for one in listed["components"] if one["type"] == "library"}
    assert set(parts) >= shipped() | {"python", "apache-tvm"}
    for name in shipped():
        one = parts[name]
        assert one["version"] == distribution(name).version
        assert one["licenses"][0]["expression"]
        assert [p for p in one["properties"] if p["name"] == "cloister:locked-sha256"], name


@pytest.mark.parametrize(
    ("file", "library", "stated"),
    [
        ("httpfs.duckdb_extension", "openssl", True),
        ("httpfs.duckdb_extension", "curl", True),
        ("_rust.abi3.so", "openssl", True),
        ("libicuuc.so.73", "icu", True),
        ("libpdfium.so", "freetype", False),
        ("libpdfium.so", "icu", True),
        ("selectolax/lexbor", "lexbor", False),
        ("_openblas64_", "openblas", True),
    ],
)
def test_native_libraries_inside_are_named(
    listed: dict[str, Any], file: str, library: str, stated: bool
) -> None:
    one = next(c for c in listed["components"] if c["type"] == "file" and file in c["name"])
    assert len(one["hashes"][0]["content"]) == 64
    held = {inner["name"]: inner for inner in one["components"]}
    assert ("version" in held[library]) is stated
    assert any(p["name"] == "cloister:seen" for p in held[library]["properties"])


def test_the_runtime_is_there_and_no_compiler(listed: dict[str, Any]) -> None:
    files = {one["name"] for one in listed["components"] if one["type"] == "file"}
    assert "encoder/runtime/libtvm_runtime.so" in files
    assert not [name for name in files if "compiler" in name or "LLVM" in name]


def test_the_models_that_ship_are_named_with_licence_and_hashes(
    listed: dict[str, Any], found: Gathered
) -> None:
    models = {m["name"]: m for m in listed["components"] if m["type"] == "machine-learning-model"}
    assert set(models) == {"all-MiniLM-L6-v2", "cloister-reader", "composer"}
    licence = models["cloister-reader"]["licenses"][0]["expression"]
    assert licence == "CC-BY-SA-4.0"
    reader = next(one for one in found.models if one.name == "cloister-reader")
    folder = default_reader_folder()
    digest = sha256((folder / "reader.bin").read_bytes()).hexdigest()
    name = "appliance/engine/reading/weights/reader.bin"
    assert dict(reader.files) == {name: digest}
    files = {
        one["name"]: one["hashes"][0]["content"] for one in models["cloister-reader"]["components"]
    }
    assert files == {name: digest}
    assert "SQuAD" in notices(found)


def test_hashes_are_those_of_the_files(found: Gathered) -> None:
    for native in found.natives:
        if native.file.part == "selectolax":
            where = Path(str(distribution("selectolax").locate_file(native.file.path)))
            assert sha256(where.read_bytes()).hexdigest() == native.file.sha256


def test_the_evidence_reads_what_is_written(found: Gathered, tmp_path: Path) -> None:
    (tmp_path / "sbom.cdx.json").write_bytes(written(found))
    digest, files = listed_files(tmp_path)
    assert digest == sha256((tmp_path / "sbom.cdx.json").read_bytes()).hexdigest()
    assert {path: said.sha256 for path, said in files.items()} == {
        native.file.path: native.file.sha256 for native in found.natives
    }
    assert {said.part for said in files.values()} >= {"duckdb", "python", "apache-tvm"}


def test_the_notices_name_every_part_and_give_every_text(found: Gathered) -> None:
    text = notices(found) + libraries(found)
    for one in found.components:
        if one.name != "cloister":
            assert f"\n{one.name} {one.version}\n" in text
    for words in (
        "GNU LESSER GENERAL PUBLIC LICENSE",
        "GNU GENERAL PUBLIC LICENSE",
        "Daniel Stenberg",
        "Jason Evans",
        "openssl 3.6.0",
        "For Zstandard software",
        "Copyright (c) 2012 - present, Victor Zverovich",
        "PostgreSQL Global Development Group",
        "Copyright (c) 2002-2021  K.Kosako",
        "by Alex Gaynor <alex.gaynor@gmail.com>",
        "Robert Penner",
        "libmpdec",
        "The complete source of these versions",
    ):
        assert words in text, words
    assert str(Path.home()) not in text


def test_a_part_without_a_text_stops_the_notices() -> None:
    from supply.spdx import LicenceRefused

    bare = Component("duckdb", "1.5.5", "MIT", "MIT", (), (), ())
    nothing = Component("tokenizers", "0", "FTL", "FTL", (), (), ())
    assert notices(Gathered((bare,), ()))
    with pytest.raises(LicenceRefused, match="no text"):
        notices(Gathered((nothing,), ()))
