"""docs/errors.md names every code that a person, a record or a program can meet."""

from __future__ import annotations

import ast
import re

from tests.error_index import PAGE, ROOT, errors, page

AGAIN = "write it anew with: python -m tests.error_index"
_CODE = re.compile(r"[a-z][a-z0-9_]+")


def codes_of_records() -> set[str]:
    """What is given as `code="…"` to a record or an ending."""
    found = set()
    for path in (ROOT / "appliance").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "code":
                values = ast.walk(node.value)
                texts = {one.value for one in values if isinstance(one, ast.Constant)}
                found |= {one for one in texts if isinstance(one, str) and _CODE.fullmatch(one)}
    return found


def test_the_table_is_what_the_code_says() -> None:
    assert PAGE.read_text("utf-8") == page(), AGAIN


def test_every_code_has_a_next_step() -> None:
    assert all(kind.hint.strip() for kind in errors())


def test_codes_of_records_are_in_it_too() -> None:
    text = PAGE.read_text("utf-8")
    assert {code for code in codes_of_records() if f"`{code}" not in text} == set()


def test_a_code_is_looked_for_where_the_page_says() -> None:
    text = (ROOT / "gui" / "log" / "field_names.py").read_text("utf-8")
    assert "Code of the error" in text
    assert "({error.code})" in (ROOT / "gui" / "kiosk" / "closed.py").read_text("utf-8")
