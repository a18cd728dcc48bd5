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
from appliance.audit.log import Log
from appliance.audit.record import Detail, Record

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
