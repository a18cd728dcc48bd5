"""The merge of obligations: commutative, associative, idempotent, and always the strictest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.policy.obligations import Demands, Unknown, demands, merged, strictest
from appliance.values import AnswerMode, Obligations

DEMANDS = st.builds(
    Demands,
    mode=st.sampled_from([None, "quote", "generate"]),
    log=st.sampled_from([None, "none", "question", "full"]),
    cite=st.sampled_from([None, "marked", "required"]),
    answer=st.sampled_from([None, "free", "evidence"]),
    redact=st.sampled_from([None, "false", "true"]),
    reason=st.sampled_from([None, "required"]),
    retention_days=st.none() | st.integers(1, 36_500),
)


def written(one: Demands) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("mode", "log", "cite", "answer", "redact", "reason", "retention_days"):
        value = getattr(one, name)
        if value is not None:
            found[name] = str(value)
    return found


@given(DEMANDS, DEMANDS)
def test_the_order_of_two_does_not_matter(one: Demands, other: Demands) -> None:
    assert strictest(one, other) == strictest(other, one)


@given(DEMANDS, DEMANDS, DEMANDS)
def test_the_grouping_of_three_does_not_matter(a: Demands, b: Demands, c: Demands) -> None:
    assert strictest(strictest(a, b), c) == strictest(a, strictest(b, c))


@given(DEMANDS)
def test_merging_with_itself_or_with_nothing_changes_nothing(one: Demands) -> None:
    assert strictest(one, one) == one
    assert strictest(one, Demands()) == one


@given(st.lists(DEMANDS, min_size=1, max_size=5))
def test_no_policy_loosens_what_another_demands(several: list[Demands]) -> None:
    total = merged([written(one) for one in several])
    for one in several:
        assert one.mode != "quote" or total.mode is AnswerMode.QUOTE
        assert one.log != "full" or total.log == "full"
        assert one.log != "question" or total.log in ("question", "full")
        assert one.cite != "required" or total.cite == "required"
        assert one.answer != "evidence" or total.answer == "evidence"
        assert one.redact != "true" or total.redact
        assert one.reason is None or total.reason_required
        assert one.retention_days is None or 0 < total.retention_days <= one.retention_days


@given(st.lists(DEMANDS, max_size=5))
def test_what_is_demanded_was_stated_by_someone(several: list[Demands]) -> None:
    total, default = merged([written(one) for one in several]), Obligations()
    stated = {one.mode for one in several} - {None}
    assert total.mode.value in stated or (not stated and total.mode is default.mode)
    days = {one.retention_days for one in several} - {None}
    assert total.retention_days in days or (not days and total.retention_days == 0)


def test_nothing_stated_is_the_strict_default() -> None:
    assert merged([]) == Obligations()
    assert merged([{"id": "x", "sentence": "y"}]) == Obligations()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mode", "Quote"), ("mode", ""), ("log", "all"), ("cite", "yes"), ("redact", "1"),
        ("answer", "bound"), ("answer", "Evidence"),
        ("reason", "true"), ("retention_days", "0"), ("retention_days", "-1"),
        ("retention_days", "1.5"), ("retention_days", "007"), ("retention_days", "36501"),
        ("retention_days", "²"), ("retention_days", "٣"),
    ],
)  # fmt: skip
def test_an_unknown_value_is_an_error_and_never_a_default(name: str, value: str) -> None:
    with pytest.raises(Unknown):
        demands({name: value})
