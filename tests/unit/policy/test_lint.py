"""What Cedar accepts and we do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.policy.engine import PolicyEngine
from appliance.policy.errors import PackUnusable
from tests.unit.policy import packs

ASK = 'permit (principal, action == Action::"ask", resource)'
DENY = 'forbid (principal, action == Action::"ask", resource)'
WORDS = '@sentence("No.") @hint("Ask.")'


@pytest.mark.parametrize(
    ("cedar", "finding"),
    [
        (f"{ASK};", "without @id"),
        (f'@id("") {ASK};', "without @id"),
        (f"@id {ASK};", "without @id"),
        (f'@id("a") {ASK};', "must be small"),
        (f'@id("other.a") {ASK};', "must be small"),
        (f'@id("small.a") {ASK}; @id("small.a") {ASK};', "used twice"),
        (f'@id("small.a") @id("small.b") {ASK};', "do not parse"),
        (f'@id("small.a") @bogus("x") {ASK};', "@bogus is no annotation of a permit"),
        (f'@id("small.a") @Mode("quote") {ASK};', "@Mode is no annotation"),
        (f'@id("small.a") @mode("fast") {ASK};', "@mode must be one of"),
        (f'@id("small.a") @mode {ASK};', "@mode must be one of"),
        (f'@id("small.a") @retention_days("soon") {ASK};', "@retention_days must be"),
        (f'@id("small.a") @sentence("x") {ASK};', "@sentence is no annotation of a permit"),
        (f'@id("small.a") {WORDS} @redact("true") {DENY};', "@redact is no annotation"),
        (f'@id("small.a") @hint("x") {DENY};', "without a @sentence"),
        (f'@id("small.a") @sentence("x") {DENY};', "without a @hint"),
        (f'@id("small.a") @sentence(" ") @hint("x") {DENY};', "@sentence must be"),
        (f'@id("small.a") {ASK} when {{ context.topics.contains("x") }};', "no topic 'x'"),
        (f'@id("small.a") {ASK} when {{ context.topics.containsAny(["x"]) }};', "no topic"),
        (f'@id("small.a") {ASK} when {{ !principal.roles.contains("boss") }};', "no role 'boss'"),
        (f'@id("small.a") {ASK} when {{ context.bogus }};', "bogus"),
        (f'@id("small.a") {ASK} when {{ context.length > "x" }};', "type"),
        ('@id("small.a") permit (principal, action == Action::"fly", resource);', "fly"),
        ('@id("small.a") permit (principal == ?principal, action, resource);', "templates"),
        ("permit (", "do not parse"),
    ],
)
def test_a_policy_that_cedar_takes_but_no_one_can_mean_is_refused(
    tmp_path: Path, cedar: str, finding: str
) -> None:
    loaded = packs.made(tmp_path, cedar=cedar)
    with pytest.raises(PackUnusable, match=finding):
        PolicyEngine((loaded,))


def test_every_finding_is_told_at_once(tmp_path: Path) -> None:
    cedar = f'@id("small.a") @mode("x") @log("y") {ASK}; @id("small.b") {DENY};'
    with pytest.raises(PackUnusable) as caught:
        PolicyEngine((packs.made(tmp_path, cedar=cedar),))
    for word in ("@mode", "@log", "@sentence", "@hint"):
        assert word in caught.value.sentence


def test_the_same_id_in_two_packs_cannot_be(tmp_path: Path) -> None:
    one = packs.made(tmp_path, "one")
    other = packs.made(tmp_path, "two", cedar=packs.PERMIT.format(name="one"))
    with pytest.raises(PackUnusable):
        PolicyEngine((one, other))
