"""Random lives of a licence: asked, approved, copied, rolled back, revoked, returned, in any order.

What must hold after every step: no more seats answer than the licence has, each under a number of
its own; what was revoked or given back answers nothing until it is certified anew; reading and the
rest go on everywhere.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from appliance.errors import CloisterError
from appliance.licensing.errors import AuthorityRestored, LicensingError
from appliance.licensing.standing import ALWAYS, State
from tests.unit.licensing.world import Desk, World, machine

HOLDING = {State.ACTIVE, State.GRACE}


class Life(RuleBasedStateMachine):
    made: World
    desks = Bundle("desks")

    @initialize(target=desks)
    def begin(self) -> Desk:
        self.folder = Path(tempfile.mkdtemp(prefix="life-"))
        world = self.made
        self.world = World.__new__(World)
        self.world.__dict__ |= world.__dict__
        shutil.copytree(world.folder, self.folder / "world")
        self.world.folder = self.folder / "world"
        self.world.authority_folder = self.world.folder / "authority"
        self.world.anchors = self.world.folder / "anchors"
        self.world.clock = type(world.clock)()
        self.all: list[Desk] = []
        self.over: set[str] = set()
        self.waiting: list[bytes] = []
        self.images: list[tuple[Desk, Path]] = []
        return self._installed()

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    def _installed(self) -> Desk:
        """With a seat, if there is one left; as it then is, it is kept as an image."""
        desk = self.world.desk()
        self.all.append(desk)
        self._certified(desk)
        image = self.folder / f"image-{len(self.images)}"
        shutil.copytree(desk.folder, image)
        self.images.append((desk, image))
        return desk

    def _certified(self, desk: Desk) -> None:
        request = desk.seat.request()
        self.waiting.append(request)
        try:
            desk.seat.take(self.world.approve(request))
        except LicensingError:
            return
        self.over.discard(str(desk.folder))

    @rule(target=desks)
    def install(self) -> Desk:
        return self._installed()

    @rule(desk=desks)
    def renew(self, desk: Desk) -> None:
        self._certified(desk)

    @rule(desk=desks)
    def ask(self, desk: Desk) -> None:
        self.waiting.append(desk.seat.request(fresh=True))

    @rule(data=st.data())
    def approve(self, data: st.DataObject) -> None:
        if not self.waiting:
            return
        request = data.draw(st.sampled_from(self.waiting))  # any of them, any number of times
        try:
            certificate = self.world.approve(request)
        except LicensingError:
            return
        for desk in self.all:  # whoever gets it, it works for one at most
            try:
                desk.seat.take(certificate)
            except CloisterError:
                continue
            self.over.discard(str(desk.folder))

    @rule(desk=desks)
    def give_back(self, desk: Desk) -> None:
        try:
            receipt = desk.seat.give_back()
        except LicensingError:
            return
        self.over.add(str(desk.folder))
        with self.world.authority() as authority:
            authority.take_back((receipt, receipt))

    @rule(desk=desks)
    def revoke(self, desk: Desk) -> None:
        certificate = desk.seat.standing().certificate
        if certificate is None:
            return
        try:
            listed = self.world.revocations(certificate.id)
        except LicensingError:
            return
        if desk.seat.standing().state not in HOLDING:
            return
        desk.seat.take(listed)
        self.over.add(str(desk.folder))

    @rule(data=st.data())
    def put_image_back(self, data: st.DataObject) -> None:
        """Of the licence's folder alone: the log is not put back with it."""
        if self.images:
            desk, image = data.draw(st.sampled_from(self.images))
            shutil.rmtree(desk.folder)
            shutil.copytree(image, desk.folder)

    @rule(desk=desks)
    def copy_to_another_machine(self, desk: Desk) -> None:
        copy = desk.image(self.folder / f"copy-{len(self.all)}")
        copy.traits = machine(f"thief-{len(self.all)}")
        self.all.append(copy)  # it may be given certificates, and may ask
        self.over.add(str(copy.folder))
        self._certified(copy)

    @rule(days=st.integers(1, 60))
    def pass_days(self, days: int) -> None:
        self.world.clock.pass_days(days)
        for desk in self.all:
            desk.log.write("session.opened")

    @rule(days=st.integers(2, 60))
    def put_the_clock_back(self, days: int) -> None:
        before = {desk.folder for desk in self.all if desk.seat.refusal() is None}
        self.world.clock.pass_days(-days)
        for desk in self.all:
            assert desk.folder in before or desk.seat.refusal() is not None
        self.world.clock.pass_days(days)

    @rule()
    def restore_the_authority(self) -> None:
        """From before it gave its first seat; then its true folder goes on."""
        world, newer = self.world, self.folder / "newer"
        world.authority_folder.rename(newer)
        shutil.copytree(self.made.authority_folder, world.authority_folder)
        with pytest.raises(AuthorityRestored):
            self.world.approve(self.world.desk().seat.request())
        shutil.rmtree(world.authority_folder)
        newer.rename(world.authority_folder)

    @invariant()
    def no_more_seats_than_the_licence_has(self) -> None:
        if not hasattr(self, "all"):
            return
        held = []
        for desk in self.all:
            standing = desk.seat.standing()
            assert all(standing.allows(deed) for deed in ALWAYS)
            if standing.state in HOLDING:
                assert str(desk.folder) not in self.over
                assert standing.certificate is not None
                held.append(standing.certificate.number)
        assert len(held) == len(set(held))
        assert all(1 <= number <= self.world.licence.seats for number in held)


def test_no_order_of_events_gives_a_seat_too_many(made: World) -> None:
    Life.made = made
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=10,
            stateful_step_count=16,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
