"""Settings in words: what a person calls them, and what they do."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from gui.text import counts, plain


def titled(name: str) -> tuple[str, str]:
    """A title and what it does; the setting's own name and nothing for one that is not known."""
    return _texts().get(name, (plain.line(name, 80), ""))


def place_of(name: str) -> int:
    """What a person looks for first stands first; what is not known last."""
    names = list(_texts())
    return names.index(name) if name in names else len(names)


def valued(value: str | int) -> str:
    if isinstance(value, int):
        return counts.number(value)
    return plain.line(value, 300) or _tr("none")


def _texts() -> dict[str, tuple[str, str]]:
    return {
        "language": (
            _tr("Language of the window"),
            _tr("“system”: the one the system speaks; English where that is none of these."),
        ),
        "lock_minutes": (
            _tr("Minutes until the window locks"),
            _tr("When nobody touches it."),
        ),
        "look": (
            _tr("Look of the window"),
            _tr("“system” follows the desktop; “contrast” is high contrast."),
        ),
        "text_size": (_tr("Size of text, in per cent"), _tr("100 to 200.")),
        "file_limit_mb": (
            _tr("Largest file to import, in MB"),
            _tr("A larger one is listed with the reason."),
        ),
        "page_limit": (
            _tr("Most pages of a document"),
            _tr("A longer one is listed with the reason."),
        ),
        "profile": (
            _tr("Cryptography of new vaults"),
            _tr("A vault that is there keeps its own."),
        ),
        "airgap": (
            _tr("Proof of being offline"),
            _tr("“required” keeps the vault closed without it, “warn” only says so."),
        ),
        "model": (
            _tr("Language model"),
            _tr("None named: the one installed last. “composer” ships with Cloister."),
        ),
        "context_tokens": (
            _tr("Tokens of a question with its passages"),
            _tr("What the language model reads and writes at a time."),
        ),
        "gpu": (_tr("Graphics processor"), _tr("“auto” uses one that works.")),
        "arithmetic": (
            _tr("Arithmetic of the language model"),
            _tr("“fast” rounds more than “exact”."),
        ),
        "glass_minutes": (
            _tr("Longest broken glass, in minutes"),
            _tr("How long an emergency may keep a collection open."),
        ),
        "key_store": (
            _tr("Log in through the system’s key store"),
            _tr("Beside the passphrase."),
        ),
        **_institution(),
        **_kiosk(),
    }


def _institution() -> dict[str, tuple[str, str]]:
    return {
        "packs": (_tr("More policy packs"), _tr("In force beside the baseline.")),
        "api_calls_per_minute": (
            _tr("Calls of a program a minute"),
            _tr("More are turned away."),
        ),
        "serve_hours": (
            _tr("Hours that other programs are served"),
            _tr("Then serving ends by itself."),
        ),
        "health_file": (_tr("File for monitoring"), _tr("Numbers alone, every 15 seconds.")),
    }


def _kiosk() -> dict[str, tuple[str, str]]:
    return {
        "kiosk": (_tr("Kiosk"), _tr("“on” keeps this window shut: the machine is for visitors.")),
        "kiosk_title": (_tr("Kiosk: title"), _tr("What stands over its first screen.")),
        "kiosk_questions": (_tr("Kiosk: approved questions"), _tr("To begin with, by |.")),
        "kiosk_layouts": (_tr("Kiosk: keyboards"), _tr("The first is shown first.")),
        "kiosk_idle_seconds": (
            _tr("Kiosk: seconds until it is wiped"),
            _tr("When nobody touches it."),
        ),
    }


def _tr(text: str) -> str:
    return QCoreApplication.translate("settings", text)
