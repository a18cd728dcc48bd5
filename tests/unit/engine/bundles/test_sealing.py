"""What is loaded is what was hashed, whatever becomes of the file."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.engine.bundles.libraries import levels_in, program_code, program_libraries
from appliance.engine.bundles.sealing import Code, sealed
from appliance.engine.errors import ModelDamaged, ModelMissing
from tests.chat_engine import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is sealed on Linux")

# In a process of its own: what is loaded here stays loaded.
LOADS = f"""
import ctypes, os, shutil, sys
sys.path.insert(0, {os.fspath(ROOT)!r})
from pathlib import Path
from appliance.engine.bundles.libraries import program_code, runtime_code
from appliance.engine.bundles.sealing import sealed
from appliance.engine.running.modules import load_module
folder, level = Path(sys.argv[1]), sys.argv[2]
runtime = sealed(runtime_code(folder)[0])
library = sealed(program_code(folder, level + ".so"))
for path in folder.glob("*.so"):
    path.write_bytes(b"evil")
import tvm_ffi
ctypes.CDLL(os.fspath(runtime), ctypes.RTLD_GLOBAL)
print(load_module(library)["norm"])
"""


def code(path: Path) -> Code:
    return Code(path, hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "library.so"
    path.write_bytes(b"\x7fELF" + bytes(range(256)) * 100)
    return path


def test_the_copy_stays_as_it_was_and_nobody_can_write_it(library: Path) -> None:
    content = library.read_bytes()
    copy = sealed(code(library))
    library.write_bytes(b"evil")
    assert copy.read_bytes() == content
    descriptor = int(copy.name)
    for change in (
        lambda: os.pwrite(descriptor, b"evil", 0),
        lambda: os.ftruncate(descriptor, 0),
        lambda: os.ftruncate(descriptor, 1 << 20),
    ):
        with pytest.raises(PermissionError):
            change()
    with pytest.raises(PermissionError), copy.open("r+b") as file:
        file.write(b"evil")
    os.close(descriptor)


def test_another_file_than_the_one_named_is_refused(library: Path) -> None:
    named = code(library)
    library.write_bytes(library.read_bytes() + b"\0")
    with pytest.raises(ModelDamaged, match=r"library\.so"):
        sealed(named)
    with pytest.raises(ModelDamaged):
        sealed(Code(library, ""))


def test_a_link_is_not_followed(library: Path) -> None:
    named = code(library)
    library.rename(library.with_name("elsewhere"))
    library.symlink_to(library.with_name("elsewhere"))
    with pytest.raises(ModelDamaged):
        sealed(named)


def test_kernels_and_runtime_are_loaded_from_their_sealed_copies(tmp_path: Path) -> None:
    try:
        program = program_libraries()
    except ModelMissing:
        pytest.skip("the kernels of chat models are not built")
    folder = Path(shutil.copytree(program, tmp_path / "program"))
    level = levels_in(folder)[-1]
    assert program_code(folder, f"{level}.so").sha256
    done = subprocess.run(
        [sys.executable, "-I", "-c", LOADS, os.fspath(folder), level],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "Function" in done.stdout) == (0, True), done.stderr


def test_a_library_of_this_machine_can_be_loaded_from_there() -> None:
    name = next(
        (line.split()[-1] for line in Path("/proc/self/maps").read_text("ascii").splitlines()
         if "libm.so" in line or "libz.so" in line), "",
    )  # fmt: skip
    if not name:
        pytest.skip("no small library is there")
    ctypes.CDLL(os.fspath(sealed(code(Path(name).resolve()))))
