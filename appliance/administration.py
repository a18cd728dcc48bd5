"""What an administrator does with an open desk: backups, and parcels on a stick.

Rule kept here: nothing is allowed here; each part asks the policy itself, when it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance.backups import Backups
from appliance.desk import Desk
from appliance.library_parcels import pack_library
from appliance.parcels import Parcels


@dataclass(frozen=True, slots=True)
class Administration:
    desk: Desk

    @property
    def backups(self) -> Backups:
        return Backups(self.desk)

    @property
    def parcels(self) -> Parcels:
        return Parcels(self.desk)

    def pack_library(self, collection: str, out: Path) -> str:
        """Writes a collection for other machines; the code that opens it. Raises as
        `library_parcels.pack_library`."""
        return pack_library(self.desk, collection, out)
