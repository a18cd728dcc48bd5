"""The database's encryption extension, taken as good by programs that fork a desk for each round.

A process checks the signature once, in 50 ms (appliance/memory/database.py); each of those would be
the first of its process.
"""

from __future__ import annotations

from appliance.memory import database


def extension_taken_as_good() -> None:
    """For the processes that this one forks."""
    database._found_good.add(database._file_of(database.extension_path()))
