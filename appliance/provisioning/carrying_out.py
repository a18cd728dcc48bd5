"""Doing what is left of a plan, step by step, at an open desk.

Rules kept here: each step is durable before the next begins and can be found again by looking
(state.py), so a run may end anywhere; a code is in its file before anything else happens; what is
done is in the log, with ids and counts alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.chat_models import ChatModels
from appliance.desk import Desk
from appliance.errors import CloisterError
from appliance.policies_in_force import bring_in
from appliance.policy import Action
from appliance.provisioning.accounts import Accounts
from appliance.provisioning.names import same_name
from appliance.provisioning.plan import ModelAsked, PersonAsked, Plan, Written
from appliance.provisioning.policies import source_of
from appliance.provisioning.seating import Seating, read_licence, taken
from appliance.provisioning.secret_files import ENROLMENT, RECOVERY, Codes, SecretUnusable
from appliance.provisioning.state import Held, State, Work
from appliance.values import Person
from appliance.vault import WrongPassphrase, mac, write_atomic

KIOSK = "kiosk"
PROVISIONED = "provisioned"
REQUEST = "seat-request"


@dataclass(frozen=True, slots=True)
class Step:
    """what: vault, policy, person, code, collection, member, kiosk, model, licence or seat. line:
    of the file. outcome: "done"; "to do" where a plan is only looked at; "waits" for somebody else;
    "lost" where a code cannot be had again and its owner makes a new one; "undone" where somebody
    took it away since, which stays so."""

    what: str
    line: int
    outcome: str = "done"


def serials_of(desk: Desk) -> dict[str, int]:
    """Of the policy packs in force at this desk, by name."""
    labels = (label.partition("@") for label in desk.policy.packs)
    return {name: int(serial) for name, _, serial in labels}


class Carrier:
    """Carries a plan out. passphrases: of people who are to be added, by `same_name`."""

    def __init__(
        self,
        desk: Desk,
        plan: Plan,
        accounts: Accounts,
        *,
        passphrases: Mapping[str, str],
        seating: Callable[[Desk], Seating] | None,
    ) -> None:
        self._desk = desk
        self._plan = plan
        self._accounts = accounts
        self._passphrases = passphrases
        self._seating = seating
        self._codes = Codes(plan.administrator.codes.path)

    def state(self) -> State:
        """As it is now; nothing is changed by looking."""
        desk, session = self._desk, self._desk.session
        people = {same_name(person.name): person for person in self._accounts.people()}
        held = {
            same_name(title): Held(identifier, frozenset(session.members(identifier)))
            for identifier, title in session.collections()
        }
        titles = self._titles()
        number = desk.ledger.log.latest_value
        kiosks = {title: number(KIOSK, one.id) for title, one in held.items()}
        everybody = (self._plan.administrator.name, *(p.name for p in self._plan.people))
        return State(
            people=people,
            closed=frozenset(same_name(one.name) for one in self._accounts.closed()),
            waiting=frozenset(n for n, p in people.items() if self._accounts.waiting(p.id)),
            lost_codes=frozenset(
                same_name(name.text)
                for name in everybody
                if same_name(name.text) in people and self._codes.cut_off(name.text)
            ),
            collections=held,
            handed_on=frozenset(
                title for title in titles - held.keys() if self._noted(self._tag(title))
            ),
            joined=frozenset(self._joined_before(people)),
            peopled=self._noted(self._plan.sha256),
            models=frozenset(ChatModels(desk).accepted()),
            kiosk=next((held[title].id for title, value in kiosks.items() if value), ""),
            no_kiosk=frozenset(title for title, value in kiosks.items() if value == 0),
            taken=frozenset(digest for digest in self.digests().values() if self._noted(digest)),
            requested=self._noted(REQUEST),
            serials=serials_of(desk),
        )

    def _joined_before(self, people: Mapping[str, Person]) -> Iterator[tuple[str, str]]:
        for title, name in self._memberships():
            if name in people and self._noted(self._tag(title, people[name].id)):
                yield title, name

    def _memberships(self) -> Iterator[tuple[str, str]]:
        """(title, name) of those the plan asks for."""
        for collection in self._plan.collections:
            for member in collection.members:
                yield same_name(collection.title.text), same_name(member.text)

    def digests(self) -> dict[Path, str]:
        """Of the licence files that can be read."""
        found = {}
        for named in self._plan.licence:
            try:
                found[named.path] = hashlib.sha256(read_licence(named.path)).hexdigest()
            except OSError:
                continue  # said among the mistakes
        return found

    def carry_out(self, work: Work) -> Iterator[Step]:
        """Raises CloisterError where a step fails; those before it stand."""
        details = (("sha256", self._plan.sha256), ("steps", work.steps))
        self._desk.ledger.note("provision.began", details=details)
        done = 0
        self._adopt()
        try:
            for step in self._steps(work):
                done += step.outcome == "done"
                yield step
        except CloisterError as error:
            self._ended("failed", done, error.code)
            raise
        self._ended("done", done)

    def _adopt(self) -> None:
        """Remembers what is there of the plan: an earlier run may not have lived to note it."""
        state = self.state()
        there = [self._tag(title) for title in self._titles() & state.collections.keys()]
        for title, name in self._memberships():
            held, person = state.collections.get(title), state.people.get(name)
            if held is not None and person is not None and person.id in held.members:
                there.append(self._tag(title, person.id))
        for tag in there:
            if not self._noted(tag):
                self._note(PROVISIONED, tag)

    def _titles(self) -> set[str]:
        return {same_name(one.title.text) for one in self._plan.collections}

    def _ended(self, outcome: str, done: int, code: str = "") -> None:
        self._desk.ledger.note(
            "provision.ended", outcome=outcome, code=code, details=(("done", done),)
        )

    def _steps(self, work: Work) -> Iterator[Step]:
        for pack in work.packs:
            yield self._brought_in(pack)
        for name in work.lost:
            yield self._renewed(name)
        for person in work.people:
            yield self._added(person)
        if not self._noted(self._plan.sha256):
            self._note(PROVISIONED, self._plan.sha256)
        for collection in work.collections:
            made = self._desk.create_collection(collection.title.text)
            self._note(PROVISIONED, self._tag(same_name(made.title)))
            yield Step("collection", collection.line)
        yield from self._joined(work)
        if work.collections:
            self._adopt()
        if work.kiosk is not None:
            yield self._opened(work.kiosk.line, work.kiosk.collection.text)
        for model in work.models:
            yield self._installed(model)
        yield from self._seated(work)
        yield from (Step(what, line, "undone") for what, line in work.undone)

    def _brought_in(self, wanted: Written) -> Step:
        """A pack, which binds from the next log-in on."""
        desk, source = self._desk, source_of(self._plan, wanted)
        if source is not None:
            desk.require(Action.MANAGE_POLICIES)
            desk.ledger.note("pack.bringing", object=wanted.text)
            label = bring_in(desk.settings, desk.place.data, source)
            desk.ledger.note("pack.brought", object=label)
        return Step("policy", wanted.line)

    # --- people ------------------------------------------------------------------------------

    def _added(self, asked: PersonAsked) -> Step:
        name = asked.name.text
        self._codes.prepare(name)
        if asked.passphrase is None:
            _, code = self._accounts.invite(name, asked.roles)
            self._codes.write(name, code, ENROLMENT)
        else:
            passphrase = self._passphrases[same_name(name)]
            _, code = self._accounts.add(name, passphrase, asked.roles)
            self._codes.write(name, code, RECOVERY)
        return Step("person", asked.line)

    def _renewed(self, name: Written) -> Step:
        """The code of somebody who was added by a run that ended before it was written down."""
        if same_name(name.text) == same_name(self._desk.person.name):
            self._codes.write(name.text, self._accounts.new_code(), RECOVERY)
            return Step("code", name.line)
        passphrase = self._passphrases.get(same_name(name.text))
        person = self.state().people[same_name(name.text)]
        if self._accounts.waiting(person.id):
            self._codes.write(name.text, self._accounts.invite_again(person), ENROLMENT)
            return Step("code", name.line)
        if passphrase is not None:
            try:
                code = self._accounts.new_code_of(person, passphrase)
            except WrongPassphrase:
                return Step("code", name.line, "lost")
            self._codes.write(name.text, code, RECOVERY)
            return Step("code", name.line)
        return Step("code", name.line, "lost")

    def _joined(self, work: Work) -> Iterator[Step]:
        state = self.state()
        for join in work.joins:
            person = state.people[same_name(join.member.text)]
            if self._accounts.waiting(person.id):  # invited a moment ago
                yield Step("member", join.member.line, "waits")
                continue
            collection = state.collections[same_name(join.title)].id
            self._accounts.join(collection, person.id)
            self._note(PROVISIONED, self._tag(same_name(join.title), person.id))
            yield Step("member", join.member.line)
        for join in work.waits:
            yield Step("member", join.member.line, "waits")

    # --- the rest ----------------------------------------------------------------------------

    def _opened(self, line: int, title: str) -> Step:
        collection = self.state().collections[same_name(title)].id
        self._desk.ledger.note("kiosk.opening", object=collection)
        self._note(KIOSK, collection)
        return Step("kiosk", line)

    def _installed(self, asked: ModelAsked) -> Step:
        name, _, version = asked.model.text.partition("@")
        self._desk.confirmation.renew()
        ChatModels(self._desk).install(
            asked.folder.path, trust_unsigned=asked.trust_unsigned, name=name,
            version=version, licence=asked.licence, origin=asked.source,
        )  # fmt: skip
        return Step("model", asked.line)

    def _seated(self, work: Work) -> Iterator[Step]:
        if self._seating is None:
            return
        self._desk.confirmation.renew()
        seat = self._seating(self._desk)
        for named in work.licence:
            try:
                content = read_licence(named.path)
            except OSError as error:
                said = f"The licence file of line {named.line} is gone: {error.strerror}."
                raise SecretUnusable(said, hint="Put it back and run this again.") from error
            taken(seat, self._desk, content)
            self._note(PROVISIONED, hashlib.sha256(content).hexdigest())
            yield Step("licence", named.line)
        if work.seat is not None:
            write_atomic(work.seat.request.path, seat.request(work.seat.label))
            self._note(PROVISIONED, REQUEST)
            yield Step("seat", work.seat.line)

    def _note(self, kind: str, identity: str) -> None:
        self._desk.ledger.log.note_value(kind, identity, 1)

    def _noted(self, identity: str) -> bool:
        return bool(self._desk.ledger.log.latest_value(PROVISIONED, identity))

    def _tag(self, title: str, person: str = "") -> str:
        """Names a collection, or a membership by the person's id, without naming it: the log can be
        read without a key."""
        key = self._desk.session.vault_subkey("provisioning")
        return mac(key, f"{person}\0{title}".encode("utf-8", "surrogatepass")).hex()[:32]
