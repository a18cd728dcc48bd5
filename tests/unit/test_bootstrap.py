"""A machine without apt, or without the right to use it, still gets its tests: what makes them say
more is offered once, and what is lost without it is said."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from tests.e2e.terminal import ROOT


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """On a machine that has no program but those put into `bin`."""
    spec = spec_from_file_location("cloister_bootstrap", ROOT / "packaging" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return module


def put(folder: Path, name: str, script: str) -> None:
    program = folder / "bin" / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_the_kernels_trace_is_not_insisted_on(bootstrap: ModuleType) -> None:
    missing = bootstrap.missing_packages(with_tests=True)
    assert "xvfb" in missing
    assert not {"strace", "xauth", "openbox"} & set(missing)


@pytest.mark.parametrize("apt", [None, "exit 100"])
def test_what_cannot_be_had_is_said_once_and_goes_on(
    bootstrap: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], apt: str | None
) -> None:
    if apt is not None:
        put(tmp_path, "apt-get", apt)
        put(tmp_path, "sudo", 'shift; exec "$@"')
    bootstrap.offer_packages()
    said = capsys.readouterr().out
    assert "without strace no journey is followed by the kernel's trace" in said
    assert "without openbox" in said
    assert "without xauth" in said
    bootstrap.offer_packages()
    assert capsys.readouterr().out == ""


def test_each_is_asked_for_by_itself(bootstrap: ModuleType, tmp_path: Path) -> None:
    """So that one that is not there keeps none of the others away."""
    asked = tmp_path / "asked"
    put(tmp_path, "apt-get", f'for last; do :; done; echo "$last" >> {asked}')
    put(tmp_path, "sudo", 'shift; exec "$@"')
    put(tmp_path, "openbox", "")
    bootstrap.offer_packages()
    assert asked.read_text().split() == ["update", "strace", "xauth"]
