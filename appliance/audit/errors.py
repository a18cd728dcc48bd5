"""What can go wrong with the compliance log, said so that a person knows the next step.

Rules kept here: no sentence holds personal text, a payload or a key; a sentence about damage names
the first record, tile or file that is wrong.
"""

from __future__ import annotations

from appliance.errors import CloisterError, StoreTampered


class LogTampered(StoreTampered):
    """The log, or a copy of it, is damaged, was cut, rolled back, reordered or re-signed."""

    code = "log_tampered"
    hint = (
        "Keep the folder as it is, tell your security officer, and compare with the newest "
        "export or backup of the log."
    )


class ProofWrong(LogTampered):
    """An inclusion or consistency proof does not lead to the root it is said to lead to."""

    code = "proof_wrong"


class NoLog(CloisterError):
    code = "no_log"
    hint = "Choose the folder that holds `checkpoint` and `tile`, or an export of the log."


class LogExists(CloisterError):
    code = "log_exists"
    hint = "Open the log that is there, or choose another folder."


class LogClosed(CloisterError):
    code = "log_closed"
    hint = "Unlock again."


class RecordRefused(CloisterError):
    """A record does not fit the format (docs/formats/log.md). Nothing was written."""

    code = "record_refused"


class AskAlreadyOpen(CloisterError):
    code = "ask_already_open"
    hint = "Wait for the running answer to end, then ask again."


class AlreadyClosed(CloisterError):
    """The ask has its one closing record. Nothing was written."""

    code = "ask_already_closed"


class AskUnknown(CloisterError):
    """The ask has no opening record. Nothing was written."""

    code = "ask_unknown"


class PayloadAbsent(CloisterError):
    """The record was written without a payload."""

    code = "payload_absent"
    hint = "The policy in force then did not keep the text; the record itself is complete."


class PayloadErased(CloisterError):
    """The payload was erased on purpose, and the log says so."""

    code = "payload_erased"
    hint = "Nothing can be done: erasure is final. The log's chain still verifies."


class ExportRefused(CloisterError):
    code = "export_refused"
    hint = "Choose a folder that is empty or does not exist yet."
