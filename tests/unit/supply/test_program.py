"""A packaged program gets the list of its own files and the notices, or is not given to anybody."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path

import pytest
from supply import components, program
from supply.frozen import ProgramUnreadable, archived, packages_in
from supply.spdx import LicenceRefused

from appliance import airgap_evidence
from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.natives import inside, native_files
from tests.unit.supply.archives import code, frozen

ROOT = components.ROOT
LIBRARY = "markupsafe/_speedups"
MODULES = {"appliance.app": code("x = 1"), "duckdb": code("y = 1"), "json": code("z = 1")}


@pytest.fixture(autouse=True)
def no_freezing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the tests run nothing is frozen; what is taken of PyInstaller is known by its lock."""
    monkeypatch.setattr(components, "ENGINE", (*components.ENGINE, *components.FREEZING))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Like a packaged program: loader, a library of a part's, the encoder's runtime, a link."""
    made = tmp_path / "cloister"
    files = distribution("markupsafe").files or ()
    library = next(Path(str(f.locate())) for f in files if LIBRARY in str(f) and f.suffix == ".so")
    (made / "_internal" / "markupsafe").mkdir(parents=True)
    shutil.copyfile(library, made / "_internal" / "markupsafe" / "_speedups.so")
    (made / "_internal" / "link.so").symlink_to("markupsafe/_speedups.so")
    engine = default_encoder_folder()
    shutil.copytree(engine / "licences", made / "encoder" / "licences")
    for name in ("manifest.json", "tokenizer.json"):
        shutil.copyfile(engine / name, made / "encoder" / name)
    (made / "encoder" / "params.bin").write_bytes(b"weights of this program")
    for name in ("reading/weights", "composer"):
        shutil.copytree(ROOT / "appliance" / "engine" / name,
                        made / "_internal" / "appliance" / "engine" / name,
                        ignore=shutil.ignore_patterns("*.py", "*.pyc", "__pycache__"))  # fmt: skip
    (made / "encoder" / "runtime").mkdir()
    shutil.copyfile(library, made / "encoder" / "runtime" / "libtvm_runtime.so")
    loader = library.read_bytes() + b"\0 inflate 1.3.1 Copyright 1995-2024 Mark Adler "
    (made / "cloister").write_bytes(frozen(MODULES, code("'OpenSSL 3.0.1 14 Mar 2024'"), loader))
    return made


def test_every_native_file_of_the_folder_is_listed_and_no_other(folder: Path) -> None:
    listed, notices = program.put_into(folder)
    said = json.loads(listed.read_bytes())
    files = {one["name"]: one for one in said["components"] if one["type"] == "file"}
    assert set(files) == {
        "cloister", "_internal/markupsafe/_speedups.so", "encoder/runtime/libtvm_runtime.so"
    }  # fmt: skip
    for name, one in files.items():
        content = (folder / name).read_bytes()
        assert one["hashes"] == [{"alg": "SHA-256", "content": sha256(content).hexdigest()}]
    owners = {name: one["properties"][0]["value"] for name, one in files.items()}
    assert owners == {
        "cloister": "pyinstaller",
        "_internal/markupsafe/_speedups.so": "markupsafe",
        "encoder/runtime/libtvm_runtime.so": "apache-tvm",
    }
    weights = sha256(b"weights of this program").hexdigest()
    models = [one for one in said["components"] if one["type"] == "machine-learning-model"]
    named = {one["name"]: one["hashes"][0]["content"] for m in models for one in m["components"]}
    assert named["encoder/params.bin"] == weights  # its own, not the checkout's
    assert "_internal/appliance/engine/reading/weights/reader.bin" in named
    for name, digest in named.items():
        assert sha256((folder / name).read_bytes()).hexdigest() == digest
    assert "pyinstaller" in {one["name"] for one in said["components"]}
    assert "Bootloader Exception" in notices.read_text()
    before = listed.read_bytes(), notices.read_bytes()
    program.put_into(folder)
    assert (listed.read_bytes(), notices.read_bytes()) == before
    assert str(folder).encode() not in before[0] + before[1]


def test_the_packaged_program_finds_its_list_and_holds_its_files_against_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.put_into(folder)
    monkeypatch.setattr("sys._MEIPASS", str(folder / "_internal"), raising=False)
    _, said = airgap_evidence.listed_files(folder / "_internal")
    hashes = {place.path: file.sha256 for place, file in airgap_evidence._looked()}
    assert list(airgap_evidence._unlike(hashes, said)) == []
    (folder / "cloister").write_bytes(b"\x7fELF" + b"another" * 20)
    hashes = {place.path: file.sha256 for place, file in airgap_evidence._looked()}
    assert list(airgap_evidence._unlike(hashes, said)) == ["cloister"]


def test_what_python_code_speaks_of_is_not_in_the_loader(folder: Path) -> None:
    content = (folder / "cloister").read_bytes()
    assert {one.name for one in inside(content)} >= {"zlib"}
    assert "openssl" not in {one.name for one in inside(content)}


def test_python_code_of_nobody_stops_it(folder: Path) -> None:
    loader = (folder / "cloister").read_bytes()
    assert dict(packages_in(folder))["duckdb"] == "duckdb"
    for module in ("smuggled", "PyInstaller", "pytest"):
        planted = {**MODULES, f"{module}.part": code("x = 1")}
        (folder / "cloister").write_bytes(frozen(planted, code("run()")))
        with pytest.raises(LicenceRefused, match=module):
            program.put_into(folder)
        assert not (folder / "_internal" / "sbom.cdx.json").exists()
    (folder / "cloister").write_bytes(loader)
    (folder / "_internal" / "smuggled").mkdir()
    (folder / "_internal" / "smuggled" / "__init__.py").touch()
    with pytest.raises(LicenceRefused, match="smuggled"):
        program.put_into(folder)


def test_a_library_of_nobody_stops_it_and_takes_the_old_list_away(folder: Path) -> None:
    program.put_into(folder)
    library = folder / "_internal" / "markupsafe" / "_speedups.so"
    shutil.copyfile(library, folder / "_internal" / "libreadline.so.8")
    with pytest.raises(LicenceRefused, match="libreadline"):
        program.put_into(folder)
    assert not (folder / "_internal" / "sbom.cdx.json").exists()
    assert not (folder / "_internal" / "THIRD-PARTY-NOTICES.txt").exists()


@pytest.mark.parametrize("cut", [72, 76, 80, 88])
def test_a_program_whose_archive_cannot_be_read_is_refused(folder: Path, cut: int) -> None:
    content = (folder / "cloister").read_bytes()
    for broken in (content[:-cut] + b"\xff" * cut, content[: len(content) // 4], b""):
        with pytest.raises(ProgramUnreadable):
            list(archived(broken))


def test_a_module_that_another_part_says_is_theirs_too_stops_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed = {"duckdb": ["duckdb", "gpl-thing"]}
    monkeypatch.setattr("supply.frozen.packages_distributions", lambda: claimed)
    with pytest.raises(LicenceRefused, match="gpl-thing"):
        program.put_into(folder)


@pytest.mark.parametrize(
    "place",
    ["planted", "_internal/appliance/planted.so", "_internal/markupsafe/planted.so",
     "_internal/libz.so.9", "_internal/markupsafe.libs/libz.so.9"],
)  # fmt: skip
def test_a_planted_library_stops_it_wherever_it_lies(folder: Path, place: str) -> None:
    library = folder / "_internal" / "markupsafe" / "_speedups.so"
    (folder / place).parent.mkdir(exist_ok=True)
    (folder / place).write_bytes(library.read_bytes() + b"planted")
    with pytest.raises(LicenceRefused, match=Path(place).name):
        program.put_into(folder)
    assert not (folder / "_internal" / "sbom.cdx.json").exists()


def test_a_library_that_is_not_as_its_wheel_has_it_stops_it(folder: Path) -> None:
    library = folder / "_internal" / "markupsafe" / "_speedups.so"
    content = bytearray(library.read_bytes())
    content[len(content) // 2] ^= 1
    library.write_bytes(content)
    with pytest.raises(LicenceRefused, match=r"_speedups\.so is not as the wheel of markupsafe"):
        program.put_into(folder)


def test_the_names_are_those_below_the_folder(folder: Path) -> None:
    assert [place.path for place in native_files(["markupsafe"], folder)] == sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.name in {"cloister", "_speedups.so", "libtvm_runtime.so"}
        and path.is_file()
        and not path.is_symlink()
    )
