"""A kiosk on a real desk: fit or shut, one collection, no trace, and nobody but an administrator
ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.app import Appliance
from appliance.desk import Desk, NotAllowed
from appliance.errors import CloisterError, Locked, UsageError
from appliance.kiosk import UNKNOWN, KioskUnfit, NotAnAdministrator
from appliance.licensing.licence import FEATURES
from appliance.licensing.standing import Standing, State
from appliance.memory import EphemeralHistory
from appliance.people import TryLater
from appliance.policy import Action
from appliance.seat import Seat
from appliance.settings import Settings
from appliance.values import Answered, Event, Found, KioskEnded, Opened, Probe, Refused, Role
from appliance.vault import Vault, WrongPassphrase
from tests.people_at_work import CANARY, PROVED, SECRETS, Hospital, added

VISITOR, SECRET = "Visitor", "eleven wooden boats on a lake"
SETTINGS = Settings(
    packs="kiosk",
    kiosk_title="Ask about visiting",
    kiosk_questions="When may I visit? | Where do I park?",
    kiosk_layouts="de, en",
    kiosk_idle_seconds=45,
)
QUIET = KioskEnded()
HOURS = "Visitors are welcome from two in the afternoon."
REFUSED = {
    "Which room is Mrs Berg in?": "kiosk.not-about-a-person",
    "How can I delete my searches from the audit log?": "baseline.no-tampering-with-records",
    "When may I visit? " * 40: "kiosk.short-questions",
}


@pytest.fixture(scope="module")
def _furnished(_made: Hospital, alone: None, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """With an account for visitors, and a collection that it is a member of."""
    base = tmp_path_factory.mktemp("kiosk")
    papers = base / "for visitors"
    papers.mkdir()
    (papers / "hours.txt").write_text(f"{HOURS}\n")
    hospital = _made.copied(base / "data")
    with hospital.desk("Anna") as anna:
        shown = anna.create_collection("For visitors").id
        assert added(anna, shown, papers) == 1
        with anna.people() as people:
            person = people.add(VISITOR, SECRET, (Role.KIOSK,))[0].id
            people.join(shown, person)
    return replace(hospital, ids={**hospital.ids, VISITOR: person, "shown": shown})


@pytest.fixture
def kiosk(_furnished: Hospital, tmp_path: Path) -> Hospital:
    return _furnished.copied(tmp_path / "data")


@pytest.fixture
def enter(kiosk: Hospital) -> Iterator[Callable[..., Appliance]]:
    """Logs somebody in, the visitors' account if nobody is named."""
    opened: list[Appliance] = []

    def log_in(
        name: str = VISITOR, secret: str = SECRET, settings: Settings = SETTINGS
    ) -> Appliance:
        appliance = kiosk.appliance(settings)
        opened.append(appliance)
        appliance.unlock(secret, name)
        return appliance

    yield log_in
    for appliance in opened:
        appliance.close()


def asked(appliance: Appliance, text: str, collection: str) -> list[Event]:
    return list(appliance.ask(text, collections=(collection,)))


def require_shut(appliance: Appliance) -> CloisterError:
    with pytest.raises(KioskUnfit) as shut:
        appliance.kiosk.begin(QUIET)
    return shut.value


# --- fit, or shut --------------------------------------------------------------------------------


def test_visitors_are_shown_what_the_institution_approved(
    kiosk: Hospital, enter: Callable[..., Appliance]
) -> None:
    view = enter().kiosk.begin(QUIET)
    assert (view.title, view.collection) == ("Ask about visiting", kiosk.ids["shown"])
    assert view.questions == ("When may I visit?", "Where do I park?")
    assert view.layouts == ("de", "en")
    assert (view.idle_seconds, view.kept) == (45, False)
    assert ["evaluation" in one for one in view.notices] == [True]


@pytest.mark.parametrize("name", ["Anna", "Bert", "Dora", "Egon"])
def test_no_account_but_a_kiosks_is_let_at_visitors(
    enter: Callable[..., Appliance], name: str
) -> None:
    assert "kiosk's alone" in require_shut(enter(name, SECRETS[name])).sentence


def test_an_account_with_another_role_as_well_is_not(
    kiosk: Hospital, enter: Callable[..., Appliance]
) -> None:
    with kiosk.desk("Anna") as anna, anna.at_desk() as desk:  # as an older program let it be
        desk.session.accounts.set_roles(kiosk.ids[VISITOR], (Role.KIOSK, Role.MEMBER))
        desk.note_vault()
    both = enter()
    require_shut(both)
    assert isinstance(asked(both, "When may I visit?", kiosk.ids["shown"])[-1], Refused)


def test_nobody_is_given_another_role_beside_a_kiosks(kiosk: Hospital) -> None:
    both, visitor = (Role.MEMBER, Role.KIOSK), kiosk.ids[VISITOR]
    with kiosk.desk("Anna") as anna, anna.people() as people:
        for made in (
            lambda: people.add("Both", SECRET, both),
            lambda: people.invite("Both", both),
            lambda: people.set_roles(visitor, both),
            lambda: people.appoint(visitor),
        ):
            with pytest.raises(UsageError, match="nothing else"):
                made()
        assert people.named(visitor).roles == (Role.KIOSK,)


def test_an_account_with_two_collections_or_none_is_not(
    kiosk: Hospital, enter: Callable[..., Appliance]
) -> None:
    with kiosk.desk("Anna") as anna, anna.people() as people:
        people.join(kiosk.ward, kiosk.ids[VISITOR])
    two = enter()
    assert "2 collections" in require_shut(two).sentence
    two.close()
    with kiosk.desk("Anna") as anna, anna.people() as people:
        people.leave(kiosk.ward, kiosk.ids[VISITOR])
        people.leave(kiosk.ids["shown"], kiosk.ids[VISITOR])
    assert "0 collections" in require_shut(enter()).sentence


def test_an_air_gap_that_is_only_warned_of_is_said_on_the_screen(kiosk: Hospital) -> None:
    open_way = replace(PROVED, probes=(Probe("tcp", False, ""),))
    appliance = Appliance(kiosk.data, replace(SETTINGS, airgap="warn"), open_way)
    appliance.unlock(SECRET, VISITOR)
    assert "could not be proved: tcp" in appliance.kiosk.begin(QUIET).notices[-1]
    appliance.close()


def test_another_collection_than_the_one_set_up_for_visitors_is_not(
    kiosk: Hospital, enter: Callable[..., Appliance]
) -> None:
    with kiosk.desk("Anna") as anna, anna.at_desk() as desk:
        desk.ledger.log.note_value("kiosk", kiosk.ward, 1)
    assert "set up for it" in require_shut(enter()).sentence


def test_without_the_pack_nobody_is_let_at_it(enter: Callable[..., Appliance]) -> None:
    assert "No policy" in require_shut(enter(settings=replace(SETTINGS, packs=""))).sentence


def test_a_licence_without_the_feature_has_no_kiosk(
    enter: Callable[..., Appliance], monkeypatch: pytest.MonkeyPatch
) -> None:
    without = tuple(feature for feature in FEATURES if feature != "kiosk")
    monkeypatch.setattr(Standing, "has", lambda _standing, feature: feature in without)
    assert "licence" in require_shut(enter()).sentence


def test_without_a_licence_it_is_said_that_there_is_none(
    enter: Callable[..., Appliance], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Standing(State.UNLICENSED, "licence_missing", "The evaluation ended.", "Install one.")
    visitor = enter()
    monkeypatch.setattr(Seat, "standing", lambda _: said)
    shut = require_shut(visitor)
    assert (shut.sentence, shut.next_step) == ("The evaluation ended.", "Install one.")


def test_a_seat_that_has_ended_shuts_no_kiosk_and_answers_nothing_new(
    kiosk: Hospital, enter: Callable[..., Appliance], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = Standing(State.EXPIRED, "term_over", "The seat ended.", "Renew it.")
    monkeypatch.setattr(Standing, "has", lambda _standing, _feature: True)
    visitor = enter()
    monkeypatch.setattr(Seat, "standing", lambda _: ended)
    assert visitor.kiosk.begin(QUIET).notices == ()
    last = asked(visitor, "When may I visit?", kiosk.ids["shown"])[-1]
    assert isinstance(last, Refused)
    assert last.verdict.allowed


# --- what a visitor gets, and leaves behind -------------------------------------------------------


def test_a_visitor_asks_one_collection_and_does_nothing_else(
    kiosk: Hospital, enter: Callable[..., Appliance], tmp_path: Path
) -> None:
    visitor = enter()
    visitor.kiosk.begin(QUIET)
    events = asked(visitor, "When may I visit? How many visitors are allowed?", kiosk.ids["shown"])
    verdict = next(event.verdict for event in events if isinstance(event, Opened))
    assert (verdict.obligations.mode.value, verdict.obligations.cite) == ("quote", "required")
    texts = [p.passage.text for e in events if isinstance(e, Found) for p in e.passages]
    assert HOURS in " ".join(texts)
    assert CANARY not in " ".join(texts)
    assert [one.id for one in visitor.collections()] == [kiosk.ids["shown"]]
    papers = tmp_path / "more"
    papers.mkdir()
    (papers / "more.txt").write_text("More.\n")
    for forbidden in (
        lambda: list(visitor.add(kiosk.ids["shown"], [papers])),
        lambda: visitor.create_collection("Mine"),
        visitor.log_records,
        lambda: visitor.export_log(tmp_path),
    ):
        with pytest.raises(NotAllowed):
            forbidden()


def test_no_action_but_two_is_a_visitors(enter: Callable[..., Appliance]) -> None:
    with enter(settings=replace(SETTINGS, packs="kiosk, api")).at_desk() as desk:
        allowed = {
            action.value
            for action in Action
            if action is not Action.ASK and desk.policy.decide_action(desk.person, action).allowed
        }
    assert allowed == {"read_document"}


@pytest.mark.parametrize(("question", "policy"), REFUSED.items())
def test_what_no_kiosk_answers_is_refused(
    kiosk: Hospital, enter: Callable[..., Appliance], question: str, policy: str
) -> None:
    last = asked(enter(), question, kiosk.ids["shown"])[-1]
    assert isinstance(last, Refused)
    assert policy in last.verdict.policies
    assert last.hint


def test_nothing_of_a_visitor_is_on_the_disk_and_wiping_destroys_the_key(
    kiosk: Hospital, enter: Callable[..., Appliance]
) -> None:
    visitor = enter()
    visitor.kiosk.begin(QUIET)
    events = asked(visitor, "May quernstones visit?", kiosk.ids["shown"])
    conversation = next(event.conversation for event in events if isinstance(event, Opened))
    assert isinstance(events[-1], Answered)
    assert visitor.turns(conversation)[0].question == "May quernstones visit?"
    assert visitor.conversations() == ()
    with visitor.at_desk() as desk:
        key = history_of(desk)._key
        assert any(key)
        visitor.kiosk.wipe()
        assert not any(key)
    assert not (kiosk.data / "people" / kiosk.ids[VISITOR]).exists()
    assert not [path for path in kiosk.data.rglob("*") if path.is_file()
                and b"quernstones" in path.read_bytes()]  # fmt: skip
    visitor.kiosk.wipe()
    visitor.close()
    actions = kiosk.actions()
    assert actions.count("kiosk.wiped") == 1
    assert actions.index("kiosk.opened") < actions.index("ask.opened") < actions.index("ask.closed")


@pytest.mark.parametrize("question", ["May quernstones visit?", *REFUSED])
def test_the_log_has_that_a_visitor_asked_and_none_of_their_words(
    kiosk: Hospital, enter: Callable[..., Appliance], question: str
) -> None:
    visitor = enter()
    asked(visitor, question, kiosk.ids["shown"])
    visitor.close()
    with kiosk.desk("Egon") as egon:
        records = egon.log_records(0, 1_000)
        mine = [r for r in records if r.action.startswith("ask.")][-2:]
        assert [r.action for r in mine] == ["ask.opened", "ask.closed"]
        assert [egon.log_payload(r.seq) for r in mine] == ["", ""]
        assert dict(mine[0].fields)["details.log"] == "none"


def history_of(desk: Desk) -> EphemeralHistory:
    assert isinstance(desk.history, EphemeralHistory)
    return desk.history


# --- how it ended before, and how it ends ---------------------------------------------------------


def test_a_fall_that_the_watchdog_saw_is_in_the_log(
    kiosk: Hospital, enter: Callable[..., Appliance]
) -> None:
    visitor = enter()
    visitor.kiosk.begin(KioskEnded("signal_9", 312, 2))
    visitor.close()
    fell = next(r for r in kiosk.records() if r.action == "kiosk.fell")
    fields = dict(fell.fields)
    assert (fell.outcome, fields["code"]) == ("failed", "signal_9")
    assert (fields["details.seconds"], fields["details.times"]) == ("312", "2")


def test_a_fall_that_nobody_saw_is_in_the_log_too(
    kiosk: Hospital, enter: Callable[..., Appliance]
) -> None:
    first = enter()
    first.kiosk.begin(QUIET)
    first.close()
    second = enter()
    second.kiosk.begin(QUIET)  # the one before was closed: nothing to tell
    with second.at_desk() as desk:
        desk.library.abandon()
        desk.ledger.log.close()
        second._sitting._let_go()  # as where the power fails
        second._sitting.desk = None
    third = enter()
    third.kiosk.begin(QUIET)
    third.close()
    codes = [dict(r.fields)["code"] for r in kiosk.records() if r.action == "kiosk.fell"]
    assert codes == [UNKNOWN]


def test_an_administrator_ends_it_and_nobody_else_does(
    kiosk: Hospital, enter: Callable[..., Appliance]
) -> None:
    visitor = enter()
    visitor.kiosk.begin(QUIET)
    for name, secret in (
        ("Bert", SECRETS["Bert"]), (VISITOR, SECRET), ("Dora", SECRETS["Bert"]), ("Nobody", SECRET)
    ):  # fmt: skip
        with pytest.raises(WrongPassphrase):
            visitor.kiosk.leave(name, secret)
    assert visitor.person is not None
    visitor.kiosk.leave("Dora", SECRETS["Dora"])
    visitor.close()
    records = {r.action: r for r in kiosk.records()}
    assert records["kiosk.left"].object == kiosk.ids["Dora"]
    assert "kiosk.leaving" in records


def test_an_administrator_in_the_file_who_is_none_in_the_vault_ends_nothing(
    kiosk: Hospital, enter: Callable[..., Appliance], monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = enter()
    claimed = Vault.claimed
    monkeypatch.setattr(
        Vault, "claimed", lambda vault, name: replace(claimed(vault, name), administrator=True)
    )
    with pytest.raises(NotAnAdministrator):
        visitor.kiosk.leave("Bert", SECRETS["Bert"])
    visitor.close()
    kept = next(r for r in kiosk.records() if r.action == "kiosk.kept")
    assert (kept.object, kept.outcome) == (kiosk.ids["Bert"], "refused")


def test_nobody_can_lock_the_kiosks_own_account_out(enter: Callable[..., Appliance]) -> None:
    visitor = enter()
    for _ in range(12):
        with pytest.raises(WrongPassphrase):
            visitor.kiosk.leave(VISITOR, "not the passphrase of anybody")
    visitor.close()
    assert enter().person is not None


def test_guessing_an_administrators_passphrase_is_slowed_down(
    enter: Callable[..., Appliance],
) -> None:
    visitor = enter()
    raised = []
    for _ in range(8):
        with pytest.raises(CloisterError) as refused:
            visitor.kiosk.leave("Dora", "not the passphrase of anybody")
        raised.append(type(refused.value))
    assert set(raised) == {WrongPassphrase, TryLater}
    assert raised[-1] is TryLater


def test_where_it_cannot_be_opened_an_administrators_own_log_in_ends_it(
    kiosk: Hospital, enter: Callable[..., Appliance]
) -> None:
    shut = kiosk.appliance(SETTINGS)
    with pytest.raises(WrongPassphrase):
        shut.kiosk.leave("Bert", SECRETS["Bert"])
    with pytest.raises(Locked):
        shut.kiosk.wipe()
    shut.kiosk.leave("Dora", SECRETS["Dora"])
    assert shut.person is None
    shut.close()
    enter().close()  # the folder was let go of
    assert "kiosk.left" in kiosk.actions()
