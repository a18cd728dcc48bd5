"""Pages: nothing is shared and written, nothing is lost, nothing changes when there is no room."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from appliance.engine.decoding.model import CacheFull
from appliance.engine.running.blocks import PAGE
from appliance.engine.running.pages import Copy, Pages

COUNT, SLOTS, CONTEXT = 12, 5, 6 * PAGE


class Bookkeeping(RuleBasedStateMachine):
    """Beside Pages, the plain truth: what was written into which page last."""

    def __init__(self) -> None:
        super().__init__()
        self.pages = Pages(COUNT, SLOTS, CONTEXT)
        self.held: dict[int, list[int]] = {}
        self.written: dict[tuple[int, int], int] = {}
        self.stamp = 0

    def _copy(self, copy: Copy | None) -> None:
        if copy is not None:
            for place in range(PAGE):
                if (copy.source, place) in self.written:
                    self.written[copy.target, place] = self.written[copy.source, place]

    @rule()
    def add(self) -> None:
        try:
            self.held[self.pages.add()] = []
        except CacheFull:
            assert len(self.held) == SLOTS

    @rule(data=st.data(), count=st.integers(1, 40))
    def append(self, data: st.DataObject, count: int) -> None:
        if not self.held:
            return
        sequence = data.draw(st.sampled_from(sorted(self.held)))
        before = list(self.held[sequence])
        try:
            self.pages.append([(sequence, count)])
        except (CacheFull, ValueError):
            assert self.pages.length(sequence) == len(before)
            return
        for position in range(len(before), len(before) + count):
            self.stamp += 1
            page = self.pages.tables[self.pages.slot(sequence), position // PAGE]
            self.written[int(page), position % PAGE] = self.stamp
            self.held[sequence].append(self.stamp)

    @rule(data=st.data())
    def fork(self, data: st.DataObject) -> None:
        sources = [s for s, tokens in self.held.items() if tokens]
        if not sources:
            return
        sequence = data.draw(st.sampled_from(sources))
        length = data.draw(st.integers(1, len(self.held[sequence])))
        try:
            number, copy = self.pages.fork(sequence, length)
        except CacheFull:
            return
        self._copy(copy)
        self.held[number] = self.held[sequence][:length]

    @rule(data=st.data())
    def cut(self, data: st.DataObject) -> None:
        if not self.held:
            return
        sequence = data.draw(st.sampled_from(sorted(self.held)))
        length = data.draw(st.integers(0, len(self.held[sequence])))
        try:
            self._copy(self.pages.cut(sequence, length))
        except CacheFull:
            return
        del self.held[sequence][length:]

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        if self.held:
            sequence = data.draw(st.sampled_from(sorted(self.held)))
            self.pages.remove(sequence)
            del self.held[sequence]

    @invariant()
    def every_sequence_reads_what_it_was_given(self) -> None:
        for sequence, tokens in self.held.items():
            assert self.pages.length(sequence) == len(tokens)
            table = self.pages.tables[self.pages.slot(sequence)]
            for position, stamp in enumerate(tokens):
                assert self.written[int(table[position // PAGE]), position % PAGE] == stamp

    @invariant()
    def no_page_is_lost(self) -> None:
        used = {
            page
            for sequence, tokens in self.held.items()
            if tokens
            for page in self.pages.pages(sequence, len(tokens))
        }
        assert self.pages.free_tokens() == (COUNT - len(used)) * PAGE


TestBookkeeping = Bookkeeping.TestCase
TestBookkeeping.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_a_batch_without_room_changes_nothing() -> None:
    pages = Pages(2, 4, CONTEXT)
    first, second = pages.add(), pages.add()
    with pytest.raises(CacheFull):
        pages.append([(first, PAGE), (second, 2 * PAGE)])
    assert pages.length(first) == pages.length(second) == 0
    assert pages.free_tokens() == 2 * PAGE
