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
from appliance.errors import StorageFull, StorageReadOnly, StoreTampered
from appliance.insights import health_file
from appliance.language_model import language_model
from appliance.ledger import Ledger
from appliance.parcel.restored import VALUE as RESTORED
from appliance.parcel.stick.contents import Kind
from appliance.parcels_received import received
from appliance.people import Attempts
from appliance.place import Place
from appliance.policies_in_force import open_policy
from appliance.policy import PolicyEngine
from appliance.seat import Seat, seat_name, seat_of
from appliance.settings import MANAGED, Settings
from appliance.settling import settle, unsettled, within
from appliance.values import AirgapReport
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
        _note_session(ledger, airgap, policy, seat)
        _certify_again(ledger, session, seat)
        for folder in (MANAGED_LICENCE, *received(place.data, Kind.REVOCATION)):
            seat.take_managed(folder)
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
        )
        desk.open_collections()
        desk.glass.reopen()
        settle(ledger, begun, desk.held_documents(within(begun)))
        desk.note_vault()
        if attempts is not None:
            report(desk, attempts)
        desk.start_writer()
        desk.health = health_file(desk)
    except BaseException:
        if desk is not None:
            desk.library.abandon()
            desk.history.abandon()
        log.close()
        raise
    return desk


def make_engine() -> EngineHost:
    """The encoder's host, started in the background."""
    engine = EngineHost(default_encoder_folder())
    engine.start()
    return engine


def _open_log(place: Place, session: Session) -> Log:
    key = session.vault_subkey("audit")
    if place.audit.exists():
        log = Log.open(place.audit, key, now, seat=seat_name(place.licence, session))
        log.close_interrupted()
        return log
    if session.counter > 1 or session.collections():
        raise LogMissing(
            "The compliance log is gone, though this vault was in use.",
            hint="Put the folder `audit` back from a backup and tell your security officer.",
        )
    return Log.create(place.audit, f"cloister/{session.vault_id}", key, now)


def _require_known(session: Session, log: Log) -> None:
    """That vault and roster are no older than what the log has seen of them."""
    session.require_counter(log.latest_value("vault", session.vault_id) or 0)
    session.require_roster(log.latest_value("roster", session.vault_id) or 0)
    if not session.roster_size:  # of version 1, and no newer one was taken away
        with suppress(StorageFull, StorageReadOnly, StorageFailed):
            session.mend()


def _certify_again(ledger: Ledger, session: Session, seat: Seat) -> None:
    """After each restore the seat asks for a new certificate: the machine that the backup was made
    on may go on as well. How often there was one, the log holds (parcel/restored.py)."""
    log, vault = ledger.log, session.vault_id
    restorations = log.latest_value(RESTORED, vault) or 0
    if restorations > (log.latest_value(_CERTIFIED, vault) or 0):
        seat.restored()
        log.note_value(_CERTIFIED, vault, restorations)


def _note_session(ledger: Ledger, airgap: AirgapReport, policy: PolicyEngine, seat: Seat) -> None:
    standing = seat.standing()
    opened: Sequence[str] = [probe.name for probe in airgap.probes if not probe.blocked]
    ledger.note(
        "session.opened",
        outcome="proved" if airgap.holds else "unproved",
        details=(
            ("airgap_guards", "; ".join(airgap.guards)),
            ("airgap_open", "; ".join(opened)),
            ("airgap_probes", len(airgap.probes)),
            ("pack_hash", policy.pack_hash),
            ("platform", airgap.platform),
            ("seat", standing.state.value),
            ("seat_code", standing.code),
            ("version", version("cloister")),
        ),
    )
