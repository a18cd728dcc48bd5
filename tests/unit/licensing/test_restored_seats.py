"""An installation out of a backup asks for its certificate again, whatever becomes of its files."""

from __future__ import annotations

from datetime import timedelta

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
