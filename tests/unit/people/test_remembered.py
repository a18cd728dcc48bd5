"""What a person does with answers they were given, at a desk with the real vault and log."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.audit import LogTampered
from appliance.audit.chain import Chain
from appliance.audit.merkle import leaf_hash
from appliance.audit.note import opened_note, parsed_vkey
from appliance.audit.proofs import require_inclusion
from appliance.conversations import kept
from appliance.desk import NotAllowed
from appliance.errors import CloisterError, StorageFull
from appliance.memory import History
from appliance.memory.errors import TurnUnknown
from appliance.policy import load_packs
from appliance.policy.engine import PolicyEngine
from appliance.policy.pack import shipped_folder
from appliance.remembered import ReasonTooLong
from appliance.values import Opened, Refused
from appliance.why import NoRecord, own_record
from tests.people_at_work import CANARY, SECRETS, Hospital
from tests.unit.people.answers import QUESTION, asked, detail, of
from tests.unit.policy import packs

REASON = "The page is of the old protocol; bed 7 was told otherwise."

# --- asked again -----------------------------------------------------------------------------


def test_a_question_asked_again_names_what_it_replaces_and_both_stay(hospital: Hospital) -> None:
    with hospital.desk("Anna") as anna:
        conversation, first = asked(anna)
        _, second = asked(anna, f"{QUESTION} Briefly.", conversation=conversation, replaces=first)
        turns = anna.turns(conversation)
        assert [(turn.record, turn.replaces) for turn in turns] == [(first, -1), (second, first)]
        assert [turn.question for turn in turns] == [QUESTION, f"{QUESTION} Briefly."]
    opened = of(hospital.records(), "ask.opened")
    assert "details.replaces" not in dict(opened[-2].fields)
    assert detail(opened[-1], "replaces") == str(first)


def test_what_is_not_of_the_conversation_cannot_be_replaced(hospital: Hospital) -> None:
    with hospital.desk("Anna") as anna:
        conversation, record = asked(anna)
        other, _ = asked(anna)
        for named, replaces in ((conversation, record + 1), (other, record), ("none", record)):
            with pytest.raises(CloisterError):
                list(anna.ask("And now?", conversation=named, replaces=replaces))


# --- judging ---------------------------------------------------------------------------------


def test_a_judgement_is_in_the_log_and_its_reason_is_for_the_auditor_alone(
    hospital: Hospital,
) -> None:
    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, record = asked(anna)
        remembered.judge(conversation, record, good=False, reason=REASON)
        judged = anna.turns(conversation)[0].judgement
        assert judged is not None
        assert (judged.good, judged.reason) == (False, REASON)
    (found,) = of(hospital.records(), "answer.judged")
    assert (detail(found, "good"), detail(found, "record")) == ("false", str(record))
    assert "bed 7" not in repr(hospital.records())
    with hospital.desk("Egon") as egon:
        assert json.loads(egon.log_payload(found.seq)) == {"reason": REASON}


def test_a_judgement_without_a_reason_seals_nothing(hospital: Hospital) -> None:
    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, record = asked(anna)
        remembered.judge(conversation, record, good=True, reason="  ")
    (found,) = of(hospital.records(), "answer.judged")
    assert "payload" not in dict(found.fields)


def test_what_is_too_long_or_not_there_is_not_judged(hospital: Hospital) -> None:
    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, record = asked(anna)
        with pytest.raises(ReasonTooLong):
            remembered.judge(conversation, record, good=True, reason="x" * 2_001)
        with pytest.raises(TurnUnknown):
            remembered.judge(conversation, record + 1, good=True)
    assert not of(hospital.records(), "answer.judged")


# --- why -------------------------------------------------------------------------------------


def test_why_shows_what_was_found_decided_and_proved(hospital: Hospital) -> None:
    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, record = asked(anna)
        why = remembered.why(conversation, record)
    assert why.question == QUESTION
    assert why.policies == ("baseline.members-ask",)
    assert dict(why.obligations)["cite"] == "required"
    assert why.model
    assert why.grounds[0].title == "protocol.txt"
    assert why.grounds[0].cited == (1,)
    proof = why.inclusion
    leaf = json.loads(proof.leaf)
    assert (leaf["seq"], leaf["action"]) == (record, "ask.closed")
    require_inclusion(leaf_hash(proof.leaf), record, proof.size, proof.proof, proof.root)
    name, key = parsed_vkey(proof.signed_by)
    text = opened_note(proof.checkpoint.encode(), name, [key])
    assert text.split("\n")[1] == str(proof.size)


def test_why_a_question_was_refused_names_what_refused_it(hospital: Hospital) -> None:
    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        opened, *_, refused = anna.ask("How can I delete my searches from the audit log?")
        assert isinstance(opened, Opened)
        assert isinstance(refused, Refused)
        why = remembered.why(opened.conversation, refused.record)
    assert not why.allowed
    assert why.policies == ("baseline.no-tampering-with-records",)
    assert (why.outcome, why.mode) == ("refused", "")


def test_why_believes_no_opening_record_that_the_log_does_not_hold(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, record = asked(anna)
        opening = remembered.why(conversation, record).opened
        sound = Chain.leaf

        def forged(chain: Chain, seq: int) -> bytes:
            leaf = sound(chain, seq)
            return leaf.replace(b"members-ask", b"nobodys-ask") if seq == opening else leaf

        monkeypatch.setattr(Chain, "leaf", forged)
        with pytest.raises(LogTampered):
            remembered.why(conversation, record)


def test_nobody_is_shown_the_record_of_another(hospital: Hospital) -> None:
    with hospital.desk("Anna") as anna:
        _, record = asked(anna)
    with hospital.desk("Bert") as bert, bert.remembered() as remembered:
        events = list(bert.ask("How many visitors?"))
        assert isinstance(events[0], Opened)
        conversation = events[0].conversation
        own = bert.turns(conversation)[0].record
        assert remembered.why(conversation, own).record == own
        with pytest.raises(TurnUnknown):
            remembered.why(conversation, record)
        with bert.at_desk() as desk, pytest.raises(NoRecord):
            own_record(desk, record)


# --- keeping in order ------------------------------------------------------------------------


def test_a_search_finds_by_words_by_title_and_only_ones_own(hospital: Hospital) -> None:
    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, record = asked(anna)
        renamed, _ = asked(anna, "Where is the key?")
        remembered.rename(renamed, "Night shift cabinet")
        (first, *_) = remembered.search("quernstone")
        assert (first.conversation.id, first.record) == (conversation, record)
        assert first.worded
        assert CANARY in first.excerpt
        assert remembered.search("night SHIFT")[0].conversation.id == renamed
        assert remembered.search("   ") == ()
    with hospital.desk("Bert") as bert, bert.remembered() as remembered:
        assert remembered.search("quernstone") == ()


def test_one_damaged_turn_keeps_nothing_else_from_being_found(hospital: Hospital) -> None:
    with hospital.desk("Anna") as anna, anna.remembered() as remembered, anna.at_desk() as desk:
        damaged, _ = asked(anna)
        sound, _ = asked(anna)
        assert {one.conversation.id for one in remembered.search("quernstone")} == {damaged, sound}
        with kept(desk.history)._store.transaction() as transaction:
            transaction.execute("UPDATE turns SET body = '{' WHERE conversation = ?", [damaged])
        found = [one.conversation.id for one in remembered.search("quernstone allow")]
        assert found == [sound]
        assert remembered.unsearched() == 0


def test_a_pack_that_forbids_it_leaves_no_conversation_to_be_read(
    hospital: Hospital, tmp_path: Path
) -> None:
    forbids = (
        '@id("small.unread") @sentence("Nobody reads on here.") @hint("Ask anew.") '
        'forbid (principal, action == Action::"read_history", resource);'
    )
    pack = packs.made(tmp_path / "packs", "small", cedar=forbids)
    baseline = load_packs([shipped_folder() / "baseline"])
    with hospital.desk("Anna") as anna, anna.remembered() as remembered, anna.at_desk() as desk:
        conversation, record = asked(anna)
        assert anna.turns(conversation)
        desk.policy = PolicyEngine((*baseline, pack))
        for reading in (
            anna.conversations,
            lambda: anna.turns(conversation),
            lambda: remembered.search("quernstone"),
            lambda: remembered.why(conversation, record),
        ):
            with pytest.raises(NotAllowed, match="Nobody reads on here") as refused:
                reading()
            assert refused.value.next_step == "Ask anew."
        remembered.forget(conversation)  # what is one's own can always be deleted
    assert len(of(hospital.records(), "action.denied")) == 4


def test_what_the_log_keeps_is_told_before_a_conversation_is_forgotten(hospital: Hospital) -> None:
    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, _ = asked(anna)
        asked_at = anna.turns(conversation)[0].asked
        stays = remembered.retained(conversation)
        assert (stays.records, stays.logged, stays.days) == (2, "full", 2190)
        assert stays.until == asked_at + timedelta(days=2190)
        remembered.forget(conversation)
        assert anna.conversations() == ()
    actions = hospital.actions()
    assert actions.count("conversation.deleted") == 1


def test_a_deletion_that_did_not_come_about_is_logged_as_that(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_history: History, _conversation: str) -> None:
        raise StorageFull("The disk is full.")

    with hospital.desk("Anna") as anna, anna.remembered() as remembered:
        conversation, _ = asked(anna)
        with monkeypatch.context() as patch:
            patch.setattr(History, "delete", full)
            with pytest.raises(StorageFull):
                remembered.forget(conversation)
        assert anna.turns(conversation)
    said = [one.action for one in hospital.records() if one.object == conversation]
    assert said[-2:] == ["conversation.deleting", "conversation.not_deleted"]


def test_a_deletion_that_a_crash_cut_off_is_told_at_the_next_login(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(_attached: object, _conversation: str) -> None:
        raise Killed

    anna = hospital.appliance()
    anna.unlock(SECRETS["Anna"], "Anna")
    conversation, _ = asked(anna)
    with monkeypatch.context() as patch, anna.at_desk() as desk:
        patch.setattr(type(desk.attached), "drop", killed)
        with anna.remembered() as remembered, pytest.raises(Killed):
            remembered.forget(conversation)
        desk.abandon()
        desk.ledger.log.close()
    anna._sitting.desk = None
    anna._sitting._let_go()
    with hospital.desk("Anna") as again:
        assert again.conversations() == ()
    said = [one.action for one in hospital.records() if one.object == conversation]
    assert said[-2:] == ["conversation.deleting", "conversation.deleted"]
