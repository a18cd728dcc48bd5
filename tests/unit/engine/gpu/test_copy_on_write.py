"""Pages are shared until one is written into."""

from __future__ import annotations

import pytest

from appliance.engine.decoding.model import CacheFull
from appliance.engine.running.copy_on_write import PAGE, Copy, Paging


def test_a_fork_takes_no_page_and_its_first_token_takes_a_copy() -> None:
    paging = Paging(4, 8)
    origin = paging.add()
    paging.reserve({origin: PAGE + 3})
    shared = list(paging[origin].pages)
    fork = paging.fork(origin, PAGE + 2)
    assert paging[fork].pages == shared
    assert paging.reserve({fork: 1}) == (Copy(shared[1], paging[fork].pages[1]),)
    assert paging[fork].pages[0] == shared[0]
    assert paging[fork].pages[1] != shared[1]
    assert paging.reserve({origin: 1}) == ()


def test_of_two_that_end_in_one_page_and_both_go_on_only_one_copies() -> None:
    paging = Paging(2, 8)
    origin = paging.add()
    paging.reserve({origin: 3})
    fork = paging.fork(origin, 3)
    assert paging.free_pages() == 0
    assert len(paging.reserve({origin: 1, fork: 1})) == 1
    assert paging[origin].pages != paging[fork].pages


def test_a_cut_into_shared_pages_needs_none() -> None:
    paging = Paging(3, 8)
    origin = paging.add()
    paging.reserve({origin: 3 * PAGE})
    fork = paging.fork(origin, 3 * PAGE)
    paging.cut(fork, PAGE + 1)
    assert paging.free_pages() == 0
    paging.remove(origin)
    assert paging.free_pages() == 1
    assert paging.reserve({fork: 1}) == ()


def test_when_full_nothing_is_changed() -> None:
    paging = Paging(2, 8)
    one, two = paging.add(), paging.add()
    paging.reserve({one: PAGE})
    with pytest.raises(CacheFull):
        paging.reserve({one: 1, two: 1})
    assert (paging[one].length, paging[two].length, paging.free_pages()) == (PAGE, 0, 1)


def test_too_many_sequences_are_refused() -> None:
    paging = Paging(2, 1)
    paging.add()
    with pytest.raises(CacheFull):
        paging.add()


def test_a_sequence_that_is_gone_is_no_sequence() -> None:
    paging = Paging(2, 2)
    paging.remove(number := paging.add())
    with pytest.raises(ValueError, match="no sequence"):
        paging.cut(number, 0)
