"""What the system does not say is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.engine import processor

X86 = "processor\t: 0\nflags\t\t: fpu avx avx2 fma\nprocessor\t: 1\nflags\t\t: none\n"
ARM = "processor\t: 0\nBogoMIPS\t: 50\nFeatures\t: fp asimd asimddp\n"


@pytest.mark.parametrize(
    ("text", "features"),
    [(X86, {"fpu", "avx", "avx2", "fma"}), (ARM, {"fp", "asimd", "asimddp"}), ("x\n", set())],
)
def test_features_are_those_of_the_first_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, features: set[str]
) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(text)
    monkeypatch.setattr(processor, "CPUINFO", path)
    assert processor.processor_features() == features


def test_a_system_that_says_nothing_has_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "none")
    monkeypatch.setattr(processor, "MEMINFO", tmp_path / "none")
    assert processor.processor_features() == frozenset()
    assert processor.memory_available() is None


@pytest.mark.parametrize(
    ("text", "available"),
    [
        ("MemTotal: 9 kB\nMemAvailable:    2048 kB\n", 2048 * 1024),
        ("MemTotal: 9 kB\n", None),
        ("MemAvailable:\n", None),
        ("MemAvailable: x kB\n", None),
    ],
)
def test_memory_is_what_can_be_had_without_swapping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, available: int | None
) -> None:
    path = tmp_path / "meminfo"
    path.write_text(text)
    monkeypatch.setattr(processor, "MEMINFO", path)
    assert processor.memory_available() == available
