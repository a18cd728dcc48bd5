"""What a library needs is read out of it as readelf(1) reads it."""

from __future__ import annotations

import _ctypes
import ctypes
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path

import elf
import freeze
import numpy as np
import pytest
from dependencies import needs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ELF is Linux's")
FILES = [Path(sys.executable).resolve(), Path(_ctypes.__file__)]
FILES += sorted((Path(np.__file__).parent / "_core").glob("_multiarray_umath*.so"))


@pytest.mark.skipif(shutil.which("readelf") is None, reason="binutils are not installed")
@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_names_and_versions_are_those_that_readelf_finds(file: Path) -> None:
    told = subprocess.run(
        ["readelf", "--wide", "-d", "-V", str(file)], capture_output=True, text=True, check=True
    ).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", told)
    section = told.partition("Version needs section")[2]
    versions = re.findall(r"Name: (\S+) +Flags", section)
    wants = elf.wants(file)
    assert list(wants.needed) == needed
    assert sorted(version for _, version in wants.versions) == sorted(versions)


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no compiler")
def test_where_libraries_are_searched_is_read_and_taken_away(tmp_path: Path) -> None:
    library = tmp_path / "module.so"
    subprocess.run(
        ["cc", "-shared", "-x", "c", "-", "-o", library, "-Wl,-rpath,/home/builder/lib:$ORIGIN"],
        input=b"int one(void) { return 1; }", check=True,
    )  # fmt: skip
    before = elf.wants(library)
    assert before.searched == ("/home/builder/lib", "$ORIGIN")
    with pytest.raises(SystemExit, match="module"):
        freeze.require_clean(tmp_path)
    library.write_bytes(elf.without_search(library.read_bytes()))
    assert elf.wants(library) == replace(before, searched=())
    assert ctypes.CDLL(str(library)).one() == 1
    freeze.require_clean(tmp_path)


def test_what_is_no_elf_is_told_apart(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("#!/bin/sh\n")
    assert not elf.is_elf(text)
    with pytest.raises(elf.NotElf):
        elf.wants(text)


def test_what_is_not_in_the_folder_is_the_systems_to_bring(tmp_path: Path) -> None:
    (tmp_path / "module.so").write_bytes(Path(_ctypes.__file__).read_bytes())
    found = needs(tmp_path)
    assert "libc.so.6" in found.libraries
    assert found.libc >= (2, 2)
    foreign = next(name for name in found.libraries if name != "libc.so.6")
    (tmp_path / foreign).write_bytes(b"")
    assert foreign not in needs(tmp_path).libraries


def test_python_can_be_frozen_here() -> None:
    """PyInstaller needs Python as a library of its own (PEP 513's opposite)."""
    assert sysconfig.get_config_var("Py_ENABLE_SHARED") in (0, 1)
