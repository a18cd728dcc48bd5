"""Where each key of a TOML text stands."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.provisioning.lines import Path, lines

SAMPLE = '''\
# a comment = "not a key"
title = "a # b"   # more
"quoted key" = 1

[table]
x = [
  "one",   # first
  """
two ]
""",
  [3, 4],
]
y = { a = 1, "b.c" = { d = 'x, y' } }
when = 2026-11-28 09:00:00Z
a.b.c = true

[[people]]
name = "x"
[people.more]
n = 1
[[people]]
name = """a "quote" b"""
[[people.pets]]
kind = "cat"
[[people.pets]]
kind = "dog"
'''


def test_every_kind_of_key_has_its_line() -> None:
    found = lines(SAMPLE)
    expected: dict[Path, int] = {
        ("title",): 2,
        ("quoted key",): 3,
        ("table",): 5,
        ("table", "x"): 6,
        ("table", "x", 0): 7,
        ("table", "x", 1): 8,
        ("table", "x", 2): 11,
        ("table", "x", 2, 1): 11,
        ("table", "y", "a"): 13,
        ("table", "y", "b.c", "d"): 13,
        ("table", "when"): 14,
        ("table", "a", "b", "c"): 15,
        ("people", 0): 17,
        ("people", 0, "name"): 18,
        ("people", 0, "more", "n"): 20,
        ("people", 1): 21,
        ("people", 1, "pets", 0, "kind"): 24,
        ("people", 1, "pets", 1): 25,
        ("people", 1, "pets", 1, "kind"): 26,
    }
    assert {path: found.get(path) for path in expected} == expected


def test_the_sample_is_toml() -> None:
    assert tomllib.loads(SAMPLE)["people"][1]["pets"][1]["kind"] == "dog"


@pytest.mark.parametrize("text", ["", "\n\n# only this", "a = 1", "[a]", "a = []\r\nb = {}\r\n"])
def test_short_texts_are_followed(text: str) -> None:
    tomllib.loads(text)
    lines(text)


WORDS = st.text(st.sampled_from("ab #[]{}=,.'\"\\\n\té"), max_size=8)
KEYS = st.from_regex(r"[a-z0-9_-]{1,4}", fullmatch=True)
VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(-9, 9), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)


def spelled(value: object, gap: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        if "'" not in value and "\n" not in value and "\t" not in value:
            return f"'{value}'"
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    if isinstance(value, list):
        items = f",{gap}".join(spelled(one, gap) for one in value)
        return f"[{gap}{items}{gap}]"
    assert isinstance(value, dict)
    pairs = ", ".join(f"{name} = {spelled(one, ' ')}" for name, one in value.items())
    return f"{{ {pairs} }}"


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.dictionaries(KEYS, VALUES, max_size=3), st.integers(0, 2), st.booleans()),
        max_size=4,
    )
)
def test_every_key_is_found_on_the_line_it_was_written_on(
    tables: list[tuple[dict[str, object], int, bool]],
) -> None:
    text, expected = "", {}
    for number, (members, blank, broken) in enumerate(tables):
        text += "\n" * blank + "# x = [\n" * broken
        expected["t", number] = text.count("\n") + 1
        text += "[[t]]\n"
        for name, value in members.items():
            expected["t", number, name] = text.count("\n") + 1  # type: ignore[index]
            text += f"{name} = {spelled(value, chr(10) if broken else ' ')}\n"
    assert [dict(one) for one in tomllib.loads(text).get("t", [])] == [one for one, _, _ in tables]
    found = lines(text)
    assert {path: found.get(path) for path in expected} == expected
