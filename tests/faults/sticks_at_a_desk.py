"""Sticks for an open desk."""

from __future__ import annotations

from pathlib import Path

from appliance.parcel.stick.contents import Kind
from appliance.parcel.stick.making import Addition, Workshop
from tests.faults.office import now


def stick(
    workshop: Workshop, tmp_path: Path, *additions: tuple[Kind, str, str, Path], days: int = 30
) -> Path:
    wanted = [Addition(*addition) for addition in additions]
    return workshop.make(tmp_path / "stick", wanted, now(), days=days).folder.parent


def a_list(tmp_path: Path, text: str = "revoked: 3") -> Path:
    path = tmp_path / "list.json"
    path.write_text(text)
    return path


def no_code(item: str) -> str:
    raise AssertionError(f"asked for {item}")
