"""A kiosk: opened to visitors only where it is fit for them, wiped between two of them, left by an
administrator alone.

Rules kept here: the account that is logged in is a kiosk's and nothing else, holds the key of one
collection, and may ask it by a policy in force; a conversation is kept in memory under a key that
`wipe` destroys, and nowhere else; how the kiosk ended before is in the log before anybody asks;
whoever ends it proves to be an administrator first, with failures counted as at log-in, and that is
logged before the kiosk ends; nobody else's account can be locked out at a kiosk, its own least.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from appliance.airgap import selftest
from appliance.clock import ticking
from appliance.errors import AirgapBroken, CloisterError
from appliance.licensing.standing import Deed, Standing, State
from appliance.memory import EphemeralHistory
from appliance.people import Idleness
from appliance.settings import Settings, Source
from appliance.values import KioskEnded, KioskView, Person, Question, Role, Verdict

if TYPE_CHECKING:
    from appliance.desk import Desk
    from appliance.entering import Door
    from appliance.ledger import Ledger
    from appliance.sitting import Sitting

FEATURE = "kiosk"
CHOSEN = "kiosk"
"""The kind of the log's value that says which collection was provisioned for visitors."""
UNKNOWN = "cut_off"
"""How the kiosk ended before, where nobody saw it: the power failed, or all was killed at once."""
_PIECE = 256


class KioskUnfit(CloisterError):
    """This account or this machine is none that visitors may be let at."""

    code = "kiosk_unfit"
    hint = "docs/kiosk.md says what a kiosk needs; `cloister people` shows what there is."


class NotAnAdministrator(CloisterError):
    code = "not_an_administrator"
    hint = "Type the name and the passphrase of an administrator."


@dataclass(frozen=True, slots=True)
class Kiosk:
    """Of one sitting. `begin` and `wipe` raise Locked where nobody is logged in."""

    sitting: Sitting

    def begin(self, ended: KioskEnded) -> KioskView:
        """What visitors are shown. Raises KioskUnfit; then nobody may be let at it."""
        with self.sitting.at_work() as desk:
            _note_ended(desk.ledger, ended)
            try:
                collection = _the_one_collection(desk)
                standing = _require_licensed(desk)
                kept = _require_asking(desk, collection).obligations.log != "none"
            except KioskUnfit as error:
                desk.ledger.note("kiosk.refused", outcome="refused", code=error.code)
                raise
            desk.require_usable((collection,))
            desk.ledger.note("kiosk.opened", object=collection)
            said = _to_be_said(desk, standing)
            return replace(_shown(desk, collection), kept=kept, notices=said)

    def idleness(self, seconds: float) -> Idleness:
        """Counts how long nobody has touched it, from now on."""
        return Idleness(seconds, ticking)

    def wipe(self) -> None:
        """Destroys the key of everything that was asked and answered since the last time."""
        with self.sitting.at_work() as desk:
            history = desk.history
            turns = history.wipe() if isinstance(history, EphemeralHistory) else 0
            if turns:
                desk.ledger.note("kiosk.wiped", details=(("turns", turns),))

    def leave(self, name: str, passphrase: str) -> None:
        """That an administrator wants the kiosk to end; logged, and it may then end. Where it could
        not be opened, the administrator's own log-in is logged. Raises WrongPassphrase, TryLater,
        and what logging in raises."""
        sitting = self.sitting
        if sitting.desk is None:
            with sitting.entering():
                desk = sitting.open(sitting.door.unlock_administrator(passphrase, name))
                try:
                    _left(desk, desk.person)
                finally:
                    sitting.lock()
            return
        with sitting.at_work() as desk:
            desk.ledger.note("kiosk.leaving")
            _left(desk, _proved(desk, sitting.door, name, passphrase))


def _left(desk: Desk, person: Person) -> None:
    if Role.ADMINISTRATOR not in person.roles:
        desk.ledger.note(
            "kiosk.kept", object=person.id, outcome="refused", code=NotAnAdministrator.code
        )
        raise NotAnAdministrator("Only an administrator can end the kiosk.")
    desk.ledger.note("kiosk.left", object=person.id)


def _proved(desk: Desk, door: Door, name: str, passphrase: str) -> Person:
    """Whose passphrase it is, by a vault that is no older than the one the kiosk runs on."""
    with closing(door.unlock_administrator(passphrase, name)) as session:
        session.require_counter(desk.session.counter)
        return session.person


def _shown(desk: Desk, collection: str) -> KioskView:
    settings = desk.settings
    return KioskView(
        title=settings.kiosk_title,
        collection=collection,
        questions=_listed(settings.kiosk_questions, "|"),
        layouts=layouts(settings),
        idle_seconds=settings.kiosk_idle_seconds,
    )


def layouts(settings: Settings) -> tuple[str, ...]:
    """Of the keyboard. Where the institution named none, that of the screen's language first."""
    named = _listed(settings.kiosk_layouts, ",")
    first = settings.language
    if settings.source("kiosk_layouts") is not Source.BUILT_IN or first not in named:
        return named
    return (first, *(one for one in named if one != first))


def _to_be_said(desk: Desk, standing: Standing) -> tuple[str, ...]:
    said = [standing.sentence] if standing.state is State.EVALUATION else []
    try:
        selftest.require_proof(desk.airgap)
    except AirgapBroken as error:  # which the settings of this machine only warn of
        said.append(error.sentence)
    return tuple(said)


# --- whether it is fit ------------------------------------------------------------------------


def _the_one_collection(desk: Desk) -> str:
    if desk.person.roles != (Role.KIOSK,):
        raise KioskUnfit(
            "This account is not a kiosk's alone.",
            hint='Make one whose only role is "kiosk", and start the kiosk with it.',
        )
    held = [identifier for identifier, _ in desk.session.collections()]
    if len(held) != 1 or desk.glass.all():
        raise KioskUnfit(
            f"The kiosk's account is a member of {len(held)} collections; visitors ask one.",
            hint="Add it to the collection for visitors, and take it out of every other.",
        )
    chosen = [name for name, on in desk.ledger.log.latest_values(CHOSEN).items() if on]
    if chosen and held != chosen:
        raise KioskUnfit(
            "The kiosk's account is a member of another collection than the one set up for it.",
            hint="Make it a member of that one alone; `cloister provision` names it.",
        )
    return held[0]


def _require_licensed(desk: Desk) -> Standing:
    standing = desk.seat.standing()
    if standing.has(FEATURE):
        return standing
    if standing.licence is None and not standing.allows(Deed.ANSWER):
        raise KioskUnfit(standing.sentence, hint=standing.next_step)
    raise KioskUnfit(
        "Your institution's licence has no kiosk.",
        hint="Ask your IT department for a licence with the feature `kiosk`.",
    )


def _require_asking(desk: Desk, collection: str) -> Verdict:
    usual = Question("", "", desk.person, desk.now(), collections=(collection,))
    verdict = desk.policy.decide(usual)
    if not verdict.allowed:
        raise KioskUnfit(
            "No policy in force lets visitors ask.",
            hint='Set packs = "kiosk" in the managed settings, and start the kiosk again.',
        )
    return verdict


def _listed(text: str, mark: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(mark) if part.strip())


# --- how it ended before ----------------------------------------------------------------------


def _note_ended(ledger: Ledger, ended: KioskEnded) -> None:
    """Nothing where the session before was closed and no watchdog saw it fall."""
    code = ended.code or (UNKNOWN if _cut_off(ledger) else "")
    if code:
        details = (("seconds", ended.seconds), ("times", ended.times)) if ended.code else ()
        ledger.note("kiosk.fell", outcome="failed", code=code, details=details)


def _cut_off(ledger: Ledger) -> bool:
    """Whether the session before this one has no record of its end."""
    sessions, at = 0, ledger.log.size
    while at > 0:
        start = max(at - _PIECE, 0)
        for record in reversed(ledger.log.records(start, at - start)):
            if record.action == "session.opened":
                sessions += 1
                if sessions > 1:
                    return True
            elif record.action == "session.closed" and sessions:
                return False
        at = start
    return False
