"""What the fields of a record are called on the screen.

Rule kept here: the members that every record may have are named; what a kind of record adds of its
own (`details.…`) is shown by the log's own word, as an export has it.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def field_name(field: str) -> str:
    known = {
        "ask": _tr("Ask"),
        "code": _tr("Code of the error"),
        "model": _tr("Model"),
        "payload": _tr("Hash of what is sealed"),
        "role": _tr("Role"),
        "seat": _tr("Seat"),
        "index": _tr("Hash of the index"),
        "allowed": _tr("Allowed"),
        "errors": _tr("Errors of the policies"),
        "policies": _tr("Policies"),
        "packs": _tr("Policy packs"),
        "pack_hash": _tr("Hash of the policy packs"),
    }
    own = field.removeprefix("verdict.")
    return known.get(own) or _plain(own.removeprefix("details."))


def _plain(name: str) -> str:
    """details.opened becomes Opened."""
    return name.replace("_", " ").replace(".", " ").capitalize()


def _tr(text: str) -> str:
    return QCoreApplication.translate("field_names", text)
