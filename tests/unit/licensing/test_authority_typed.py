"""What is typed at the authority never spoils its register."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appliance.licensing.authority.judging import Terms
from appliance.licensing.authority.register import Ended, Listed
from appliance.licensing.errors import (
    EnrolmentUnfit,
    LabelUnfit,
    OneSeatOnly,
    RegisterRefused,
)
from appliance.licensing.revocations import Reason
from tests.unit.licensing.world import NOON, World


def still_works(world: World) -> bool:
    with world.authority() as authority:
        return authority.held() == ()


@pytest.mark.parametrize("label", ["x" * 81, "two\nlines", "\x00"])
def test_a_label_that_could_not_be_read_back_is_not_written(world: World, label: str) -> None:
    request = world.desk().seat.request()
    with pytest.raises(LabelUnfit):
        world.approve(request, label=label)
    assert still_works(world)
    with pytest.raises(LabelUnfit):
        world.desk().seat.request("x" * 81)


@pytest.mark.parametrize(("count", "days", "until"), [(0, 14, 9), (1, 0, 9), (1, 61, 9), (1, 1, 0)])
def test_a_token_that_no_seat_would_take_is_not_made(
    world: World, count: int, days: int, until: int
) -> None:
    with world.authority() as authority, pytest.raises(EnrolmentUnfit):
        authority.enrol(count, world.clock() + timedelta(days=until), days)
    assert still_works(world)


def test_one_lost_seat_goes_to_one_request_alone(world: World) -> None:
    world.seated("lost")
    requests = [world.desk().seat.request() for _ in range(2)]
    with world.authority() as authority, pytest.raises(OneSeatOnly):
        authority.approve(requests, Terms(replaces=1))
    with world.authority() as authority:
        assert [one.label for one in authority.held()] == ["lost"]


@pytest.mark.parametrize("entry", [Ended(NOON, "no id", Reason.REVOKED), Listed(NOON, 0)])
def test_a_register_that_could_not_be_read_back_is_not_written(
    world: World, entry: Ended | Listed
) -> None:
    with world.authority() as authority:
        authority._register.add(entry)
        with pytest.raises(RegisterRefused):
            authority._save()
    assert still_works(world)
