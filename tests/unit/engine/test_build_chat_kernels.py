"""TVM's runtime goes beside the compiled kernels, under the same hashes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from appliance.engine.bundles.libraries import levels_in, verified_runtime, write_hashes

SCRIPT = Path(__file__).resolve().parents[3] / "packaging" / "build_chat_kernels.py"


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_chat_kernels", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_runtime_and_what_a_gpu_needs_are_copied_and_named(
    script: ModuleType, tmp_path: Path
) -> None:
    script.copy_runtime(tmp_path)
    assert script.is_whole(tmp_path) is False  # without hashes nothing is
    write_hashes(tmp_path, ())
    assert script.is_whole(tmp_path)
    assert levels_in(tmp_path) == ()
    assert verified_runtime(tmp_path).name == "libtvm_runtime.so"
    assert verified_runtime(tmp_path, "cuda") == verified_runtime(tmp_path)


def test_a_package_without_the_gpu_s_library_leaves_it_out(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, made = tmp_path / "tvm", tmp_path / "made"
    (package / "lib").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "lib" / "libtvm_runtime.so").write_text("runtime")
    made.mkdir()
    found = importlib.util.spec_from_file_location("tvm", package / "__init__.py")
    monkeypatch.setattr(script.importlib.util, "find_spec", lambda _name: found)
    script.copy_runtime(made)
    assert [path.name for path in made.iterdir()] == ["libtvm_runtime.so"]
