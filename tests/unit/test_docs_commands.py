"""Every `cloister …` in the documentation is a command there is, with options it takes; in the
handbooks a command that stands on a line of its own can be typed as it stands."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from appliance.cli import arguments

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("docs", "policies", "packaging")
PAGES = sorted(
    [ROOT / "README.md", *(page for name in FOLDERS for page in (ROOT / name).glob("**/*.md"))]
)
HANDBOOKS = sorted((ROOT / "docs" / "handbook").glob("*.md"))
_SPAN = re.compile(r"`(cloister\b[^`]*)`")
_LINE = re.compile(r"^ {4,}(?:\$ )?(?:sudo )?(cloister\b.*)$")
_PROSE = re.compile(r"[…|].*$|\[|\]|#.*$")
_WORD = re.compile(r"[a-z][a-z-]+")


@cache
def whole_parser() -> argparse.ArgumentParser:
    """Made once: every command of every page is held against it."""
    return arguments.parser()


def commands(page: Path) -> Iterator[tuple[str, bool]]:
    """Each command of a page, and whether it stands on a line of its own."""
    text = page.read_text("utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is not None:
            yield match[1], True
    for match in _SPAN.finditer(" ".join(text.split())):
        yield match[1], False


def words(command: str) -> list[str]:
    """Without remarks and without what stands for something: brackets, bars, dots."""
    try:
        return shlex.split(_PROSE.sub("", command))
    except ValueError:
        return command.split()


def parser_of(tokens: list[str]) -> tuple[argparse.ArgumentParser, list[str]]:
    """The parser that takes the rest, and the options that were given before it. Raises KeyError
    for a command there is none of."""
    parser, rest, given = whole_parser(), tokens[1:], []
    while rest:
        groups = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
        if not groups:
            break
        if rest[0].startswith("--"):
            given.append(rest.pop(0))
            if rest and _takes_value(parser, given[-1]):
                rest.pop(0)
        elif not _WORD.fullmatch(rest[0]):
            break  # "cloister COMMAND"
        else:
            parser = groups[0].choices[rest.pop(0)]
    return parser, given + [word for word in rest if word.startswith("--")]


def _takes_value(parser: argparse.ArgumentParser, option: str) -> bool:
    action = parser._option_string_actions.get(option)
    return action is not None and action.nargs != 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_named_is_one_with_these_options(page: Path) -> None:
    for command, _ in commands(page):
        tokens = words(command)
        if not tokens or tokens[0] != "cloister" or "\\n" in command:
            continue  # "cloister-window", "cloister/…", what signatures begin with
        try:
            parser, options = parser_of(tokens)
        except KeyError as error:
            raise AssertionError(f"there is no command {error}: {command}") from None
        known = {**whole_parser()._option_string_actions, **parser._option_string_actions}
        for option in options:
            assert option.partition("=")[0] in known, f"{command}: {option}"


@pytest.mark.parametrize("page", HANDBOOKS, ids=lambda page: page.stem)
def test_a_handbooks_lines_can_be_typed_as_they_stand(page: Path) -> None:
    for command, alone in commands(page):
        if alone:
            whole_parser().parse_args(words(command)[1:])


def leaves(parser: argparse.ArgumentParser, name: str) -> Iterator[str]:
    groups = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    if not groups:
        yield name
    for group in groups:
        for word, inner in group.choices.items():
            yield from leaves(inner, f"{name} {word}")


def test_every_command_is_explained_somewhere() -> None:
    text = " ".join(" ".join(page.read_text("utf-8") for page in PAGES).split())
    assert [name for name in leaves(whole_parser(), "cloister") if name not in text] == []


@pytest.mark.parametrize(
    "command",
    ["cloister nothing", "cloister log prove", "cloister ask --no-such", "cloister log show --key"],
)
def test_a_command_there_is_none_of_is_found(tmp_path: Path, command: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Type `{command}`, or\n\n    {command}\n")
    with pytest.raises(AssertionError):
        test_every_command_named_is_one_with_these_options(page)
