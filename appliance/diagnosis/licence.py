"""The doctor's check of the licence: what licensing says of itself, as a line.

Rules kept here: how an installation stands is for licensing to say; a licence that is missing or
has ended stops new answers and nothing else, so it never keeps anybody from anything here.
"""

from __future__ import annotations

from pathlib import Path

from appliance.values import Check, Fact, SeatView

FOLDER = "licence"


def licence(data: Path, standing: SeatView | None) -> Check:
    """standing: None where nobody is logged in. Whose licence it is, the sentence says and no
    fact does."""
    if standing is None:
        return _at_rest(data / FOLDER)
    facts: tuple[Fact, ...] = (("state", standing.state), ("answers", int(standing.answers)))
    whose = f" {standing.institution}, seat {standing.seat}." if standing.seat else ""
    said = f" {standing.sentence}" if standing.sentence else ""
    sentence = f"{standing.state.capitalize()}.{whose}{said}"
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
    return Check("licence", "ok", said, code="needs_log_in", facts=(("files", files),))
