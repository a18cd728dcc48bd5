"""Opening a desk: the log first, then what it is held against, the policy, the seat, the stores.

Rules kept here: nothing is written before the log is open, and nothing is believed that the log
does not confirm: an older vault, a shorter list of people, an older pack keeps the desk shut; what
went wrong on the way closes everything again.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version

from appliance.audit import Log
from appliance.clock import now
from appliance.counting import Meter
from appliance.desk import Desk
from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.encoder.client import EngineHost
from appliance.entering import report
from appliance.errors import CloisterError, StorageFull, StorageReadOnly, StoreTampered
from appliance.insights import health_file
from appliance.language_model import language_model
from appliance.ledger import Ledger
from appliance.managed import MANAGED, SettingsInvalid, guarded_folder
from appliance.parcel.restored import VALUE as RESTORED
from appliance.parcel.stick.contents import Kind
from appliance.parcels_received import received
from appliance.people import Attempts
from appliance.place import Place
from appliance.policies_in_force import open_policy
from appliance.policy import PolicyEngine
from appliance.seat import Seat, seat_name, seat_of
from appliance.settings import Settings
from appliance.settling import KEEPING, settle, unsettled, within
from appliance.values import AirgapReport, LogRecord
from appliance.vault import Session, StorageFailed

MANAGED_LICENCE = MANAGED.with_name("licence")
"""Where an institution lays a licence, an enrolment token and its newest revocation list."""

_CERTIFIED = "restored_seat"
"""The kind of the log's value that says after how many restores the seat was given up."""


class LogMissing(StoreTampered):
    code = "log_missing"


def open_desk(
    place: Place,
    session: Session,
    engine: EngineHost,
    *,
    airgap: AirgapReport,
    settings: Settings,
    attempts: Attempts | None = None,
) -> Desk:
    """Opens log, policy and stores, and starts the language model in the background, where one is
    installed and may be used. Raises StoreTampered subclasses, audit and policy errors."""
    log = _open_log(place, session)
    desk: Desk | None = None
    try:
        meter = Meter()
        ledger = Ledger(log, session, meter)
        begun = unsettled(ledger)
        _require_known(session, log)
        policy = open_policy(ledger, settings, place.data)
        seat = seat_of(place.licence, session, ledger)
        minutes = min(policy.lock_minutes(session.person), settings.lock_minutes)
        _note_session(ledger, airgap, policy, seat, minutes)
        _certify_again(ledger, session, seat)
        _bring_forward(place, ledger, session, seat)
        desk = Desk(
            place,
            session,
            ledger=ledger,
            policy=policy,
            engine=engine,
            settings=settings,
            seat=seat,
            airgap=airgap,
            meter=meter,
            writer=language_model(place.data, session, log, settings),
            lock_minutes=minutes,
        )
        desk.open_collections()
        desk.glass.reopen()
        _catch_up(desk, begun, attempts)
        desk.start_writer()
        desk.health = health_file(desk)
    except BaseException:
        _let_go(log, desk)
        raise
    return desk


def _catch_up(desk: Desk, begun: tuple[LogRecord, ...], attempts: Attempts | None) -> None:
    """What happened before this login, and the log does not know yet."""
    held = desk.held_documents(within(begun))
    kept = any(record.action in KEEPING for record in begun)
    settle(desk.ledger, begun, held, desk.retired_documents() if kept else {})
    desk.note_vault()
    if attempts is not None:
        report(desk, attempts)


def _let_go(log: Log, desk: Desk | None = None) -> None:
    """After an error, which is the one to report: whatever this fails with is not."""
    if desk is not None:
        desk.abandon()
    with suppress(CloisterError):
        log.close()


def make_engine() -> EngineHost:
    """The encoder's host, started in the background."""
    engine = EngineHost(default_encoder_folder())
    engine.start()
    return engine


def _open_log(place: Place, session: Session) -> Log:
    key = session.vault_subkey("audit")
    if place.audit.exists():
        log = Log.open(place.audit, key, now, seat=seat_name(place.licence, session))
        try:
            log.close_interrupted()
        except BaseException:
            _let_go(log)
            raise
        return log
    if session.counter > 1 or session.collections():
        raise LogMissing(
            "The compliance log is gone, though this vault was in use.",
            hint="Put the folder `audit` back from a backup and tell your security officer.",
        )
    return Log.create(place.audit, f"cloister/{session.vault_id}", key, now)


def require_believed(place: Place, session: Session) -> None:
    """What `open_desk` demands of the vault, for who writes to it before there is a desk. Raises
    StoreTampered subclasses, audit errors."""
    log = _open_log(place, session)
    try:
        _require_known(session, log)
    finally:
        log.close()


def _require_known(session: Session, log: Log) -> None:
    """That vault and roster are no older than what the log has seen of them."""
    session.require_counter(log.latest_value("vault", session.vault_id) or 0)
    session.require_roster(log.latest_value("roster", session.vault_id) or 0)


def _bring_forward(place: Place, ledger: Ledger, session: Session, seat: Seat) -> None:
    """What the institution laid down for the seat; what this person's keys have to be given on."""
    _take_laid_out(place, ledger, seat)
    with suppress(StorageFull, StorageReadOnly, StorageFailed):
        session.mend()  # reading must go on where nothing can be written


def _certify_again(ledger: Ledger, session: Session, seat: Seat) -> None:
    """After each restore the seat asks for a new certificate: the machine that the backup was made
    on may go on as well. How often there was one, the log holds (parcel/restored.py)."""
    log, vault = ledger.log, session.vault_id
    restorations = log.latest_value(RESTORED, vault) or 0
    if restorations > (log.latest_value(_CERTIFIED, vault) or 0):
        seat.restored()
        log.note_value(_CERTIFIED, vault, restorations)


def _take_laid_out(place: Place, ledger: Ledger, seat: Seat) -> None:
    """What the institution laid out is taken in without asking anybody's role, so only what nobody
    else could have laid there; a folder that is open to others is said in the log and left. What a
    parcel brought was asked for when it came."""
    folders = received(place.data, Kind.REVOCATION)
    try:
        guarded_folder(MANAGED_LICENCE)
        folders = (MANAGED_LICENCE, *folders)
    except SettingsInvalid as error:
        ledger.note("licensing.managed.refused", outcome="refused", code=error.code)
    for folder in folders:
        seat.take_managed(folder)
    seat.note()


def _note_session(
    ledger: Ledger, airgap: AirgapReport, policy: PolicyEngine, seat: Seat, lock_minutes: int
) -> None:
    standing = seat.standing()
    opened: Sequence[str] = [probe.name for probe in airgap.probes if not probe.blocked]
    ledger.note(
        "session.opened",
        outcome="proved" if airgap.holds else "unproved",
        details=(
            ("airgap_guards", "; ".join(airgap.guards)),
            ("airgap_open", "; ".join(opened)),
            ("airgap_probes", len(airgap.probes)),
            ("lock_minutes", lock_minutes),
            ("pack_hash", policy.pack_hash),
            ("platform", airgap.platform),
            ("seat", standing.state.value),
            ("seat_code", standing.code),
            ("version", version("cloister")),
        ),
    )
