"""An installation out of a backup asks for its certificate again, whatever becomes of its files."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appliance.licensing.errors import CloneSuspected
from tests.unit.licensing.world import World


def test_a_restored_seat_is_found_though_its_files_were_away_when_it_was_noted(
    world: World,
) -> None:
    desk = world.seated("ward-1")
    kept = {path: path.read_bytes() for path in desk.folder.iterdir()}
    for path in kept:
        path.unlink()
    desk.seat.restored()
    for path, content in kept.items():
        path.write_bytes(content)
    assert (desk.state, desk.code) == ("unlicensed", "seat_restored")


def test_a_restored_installation_that_only_had_a_token_asks_for_its_certificate(
    world: World,
) -> None:
    with world.authority() as authority:
        token = authority.enrol(2, world.clock() + timedelta(days=30), 14)
    desk = world.desk()
    desk.seat.take(token)
    desk.seat.restored()
    assert (desk.state, desk.code) == ("unlicensed", "seat_restored")
    desk.seat.take(world.approve(desk.seat.request()))
    assert desk.state == "active"


def test_a_restored_vault_beside_its_original_is_refused_the_second_renewal(world: World) -> None:
    desk = world.seated("ward-1")
    copy = desk.image(world.folder / "restored")
    copy.seat.restored()
    copy.seat.take(world.approve(copy.seat.request()))
    assert (desk.state, copy.state) == ("active", "active")  # until the lease ends, as the docs say
    with pytest.raises(CloneSuspected):
        world.approve(desk.seat.request())
    world.clock.pass_days(90 + 15)
    assert desk.state == "expired"


def test_a_restored_vault_with_a_key_of_its_own_ends_its_original_by_the_next_list(
    world: World,
) -> None:
    desk = world.seated("ward-1")
    copy = desk.image(world.folder / "restored")
    copy.seat.restored()
    copy.seat.take(world.approve(copy.seat.request(fresh=True), replaces=1))
    listed = world.revocations()
    for one in (desk, copy):
        one.seat.take(listed)
    assert (desk.state, copy.state) == ("revoked", "active")
