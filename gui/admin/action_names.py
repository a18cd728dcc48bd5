"""What actions and obligations of the policies are called on the screen.

Rule kept here: what has no name here is shown by its own, never left out.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from gui.text import counts


def action_name(action: str) -> str:
    known = {
        "ask": _tr("Ask questions"),
        "read_document": _tr("Read documents"),
        "import": _tr("Add documents"),
        "remove_document": _tr("Remove and retire documents"),
        "create_collection": _tr("Make collections"),
        "read_history": _tr("Read your own conversations"),
        "export_answer": _tr("Take answers out of Cloister"),
        "attach": _tr("Put your own documents beside a question"),
        "read_log": _tr("Read the log"),
        "verify_log": _tr("Verify the log"),
        "export_log": _tr("Export the log"),
        "manage_members": _tr("Say who is a member of a collection"),
        "break_glass": _tr("Open a collection in an emergency"),
        "appoint_auditors": _tr("Appoint auditors"),
        "manage_people": _tr("Manage people"),
        "manage_policies": _tr("Bring policies in"),
        "manage_models": _tr("Manage language models"),
        "manage_seats": _tr("Manage the licence and the seat"),
        "back_up": _tr("Make backups"),
        "use_api": _tr("Let other programs ask in your name"),
        "stay_unlocked": _tr("Stay logged in while away"),
    }
    return known.get(action, action.replace("_", " "))


def obliged(name: str, value: str) -> str:
    """One obligation as a sentence; "" for one that demands nothing."""
    known = {
        ("mode", "generate"): _tr("Answers may be written by a language model."),
        ("mode", "quote"): _tr("Answers are quoted word for word."),
        ("cite", "required"): _tr("A sentence that no passage carries is left out."),
        ("cite", "marked"): _tr("A sentence that no passage carries is marked."),
        ("answer", "evidence"): _tr(
            "Numbers, dates, codes and names are written only as the documents have them."
        ),
        ("answer", "free"): _tr("What is written is not bound to the words of the documents."),
        ("log", "full"): _tr("Question and answer are sealed to the auditors."),
        ("log", "question"): _tr("The question is sealed to the auditors."),
        ("log", "none"): _tr("The log keeps that you asked, not what."),
        ("redact", "true"): _tr("Personal data is masked."),
        ("redact", "false"): "",
        ("reason_required", "true"): _tr("You are asked for a reason."),
        ("reason_required", "false"): "",
        ("retention_days", "0"): "",
    }
    if name == "retention_days" and value != "0":
        days = counts.number(int(value)) if value.isdecimal() else value
        return _tr("It is kept for {} days.").format(days)
    return known.get((name, value), f"{name}: {value}")


def _tr(text: str) -> str:
    return QCoreApplication.translate("action_names", text)
