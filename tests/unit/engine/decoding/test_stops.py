"""Stop strings across the borders of pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.decoding.stops import Stops

STOPS = st.lists(st.text("ab.", min_size=1, max_size=4), max_size=4).map(tuple)


def oracle(text: str, stops: tuple[str, ...]) -> tuple[str, bool]:
    """Character by character: the first that completes a stop string, from where that began."""
    for end in range(1, len(text) + 1):
        starts = [end - len(stop) for stop in stops if text[:end].endswith(stop)]
        if starts:
            return text[: min(starts)], True
    return text, False


@given(pieces=st.lists(st.text("ab.", max_size=5), max_size=12), stops=STOPS)
def test_the_text_before_the_first_stop_and_no_more(
    pieces: list[str], stops: tuple[str, ...]
) -> None:
    watch = Stops(stops)
    shown = ""
    for piece in pieces:
        shown += watch.push(piece)
        expected, _ = oracle("".join(pieces), stops)
        assert expected.startswith(shown)  # nothing is ever shown that has to be taken back
    shown += watch.flush()
    assert (shown, watch.found) == oracle("".join(pieces), stops)


@given(pieces=st.lists(st.text("ab.", max_size=5), max_size=12), stops=STOPS)
def test_only_what_may_begin_a_stop_is_held_back(pieces: list[str], stops: tuple[str, ...]) -> None:
    watch, shown, pushed = Stops(stops), "", ""
    for piece in pieces:
        shown += watch.push(piece)
        pushed += piece
        if not watch.found:
            held = pushed[len(shown) :]
            assert not held or any(stop.startswith(held) and stop != held for stop in stops)


def test_without_stops_everything_is_shown_at_once() -> None:
    assert Stops(()).push("at once") == "at once"
