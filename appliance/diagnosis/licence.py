"""The doctor's check of the licence: what licensing says of itself, as a line.

Rules kept here: how an installation stands is for licensing to say; a licence that is missing or
has ended stops new answers and nothing else, so it never keeps anybody from anything here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from appliance.values import Check, Fact

FOLDER = "licence"


class Standing(Protocol):
    """How this installation stands with its licence."""

    @property
    def state(self) -> str:
        """A word of the product's own: active, grace, expired …"""

    @property
    def code(self) -> str: ...

    @property
    def answers(self) -> bool:
        """Whether new answers are given."""

    @property
    def sentence(self) -> str:
        """What is to be said; empty where there is nothing."""

    @property
    def next_step(self) -> str: ...


def licence(data: Path, standing: Standing | None) -> Check:
    """standing: None where nobody is logged in, or this program asks for no licence."""
    if standing is None:
        return _at_rest(data / FOLDER)
    facts: tuple[Fact, ...] = (("state", standing.state), ("answers", int(standing.answers)))
    said = f" {standing.sentence}" if standing.sentence else ""
    sentence = f"{standing.state.capitalize()}.{said}"
    if not standing.answers:
        hint = standing.next_step or "Bring a licence in with `cloister seat`."
        return Check("licence", "failed", sentence, hint, standing.code, facts)
    if standing.sentence and standing.next_step:
        return Check("licence", "warning", sentence, standing.next_step, standing.code, facts)
    return Check("licence", "ok", sentence, facts=facts)


def _at_rest(folder: Path) -> Check:
    try:
        files = sum(1 for path in folder.iterdir() if path.is_file())
    except FileNotFoundError:
        return Check("licence", "ok", "No licence is installed here.", facts=(("files", 0),))
    except OSError as error:
        said = f"The licence folder cannot be read: {error.strerror}."
        return Check("licence", "warning", said, "Make it readable for this user.")
    said = "Not looked at: that needs a log-in (--passphrase-file FILE)."
    return Check("licence", "ok", said, facts=(("files", files),))
