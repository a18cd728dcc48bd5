"""The compliance log: written through `Log`, proved by `appliance.audit.verify.verify`.

Rule kept here: the checker can be imported without the writer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.audit.errors import (
    AlreadyClosed,
    AskAlreadyOpen,
    AskUnknown,
    ExportRefused,
    LogClosed,
    LogExists,
    LogTampered,
    NoLog,
    PayloadAbsent,
    PayloadErased,
    ProofWrong,
    RecordRefused,
)
from appliance.audit.record import Detail, Record

if TYPE_CHECKING:
    from appliance.audit.log import Log

__all__ = [
    "AlreadyClosed",
    "AskAlreadyOpen",
    "AskUnknown",
    "Detail",
    "ExportRefused",
    "Log",
    "LogClosed",
    "LogExists",
    "LogTampered",
    "NoLog",
    "PayloadAbsent",
    "PayloadErased",
    "ProofWrong",
    "Record",
    "RecordRefused",
]


def __getattr__(name: str) -> object:
    if name == "Log":  # late, for whoever only checks a copy needs nothing that writes
        from appliance.audit.log import Log

        return Log
    raise AttributeError(name)
