"""The folders of a data folder (docs/ARCHITECTURE.md, "On disk")."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of a data folder."""

    data: Path

    @property
    def collections(self) -> Path:
        return self.data / "collections"

    @property
    def audit(self) -> Path:
        return self.data / "audit"

    @property
    def licence(self) -> Path:
        return self.data / "licence"

    @property
    def spill(self) -> Path:
        return self.data / "spill"

    def history(self, person: str) -> Path:
        return self.data / "people" / person / "store.duckdb"

    def attached(self, person: str) -> Path:
        """Documents beside that person's conversations, a folder each."""
        return self.data / "people" / person / "attached"
