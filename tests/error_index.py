"""`docs/errors.md`, made out of the code: `python -m tests.error_index` writes it anew.

Rules kept here: every error the product has a code for is in it, with a sentence or two that are
said with it and the next step; sentences are read as they are written (ast), what a message fills
in is "…".
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import appliance
from appliance.documents.errors import SENTENCES
from appliance.errors import CloisterError

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "errors.md"
MARK = "<!-- the table: written by python -m tests.error_index -->"
_SHOWN = 2
_SENTENCE = re.compile(r"[A-Z“`…].*\s.*[.?…]", re.S)


def modules() -> Iterator[str]:
    for found in pkgutil.walk_packages(appliance.__path__, "appliance."):
        yield found.name


@cache
def errors() -> tuple[type[CloisterError], ...]:
    """Every kind, in the order of their codes."""
    for name in modules():
        importlib.import_module(name)
    kinds = [CloisterError]
    for kind in kinds:
        kinds.extend(one for one in kind.__subclasses__() if one not in kinds)
    ours = (one for one in kinds if one.__module__.startswith("appliance."))
    return tuple(sorted(ours, key=lambda one: (one.code, one.__module__, one.__name__)))


@cache
def said() -> dict[type[CloisterError], tuple[str, ...]]:
    """The sentences that each kind is raised with, where they are written out."""
    found: dict[type[CloisterError], list[str]] = {kind: [] for kind in errors()}
    for kind, sentence in SENTENCES.items():
        found[kind].append(sentence.replace("{name}", "…"))
    for name in modules():
        path = Path(str(sys.modules[name].__file__))
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                _take(found, _named(name, ast.Name(node.name)), _own_sentence(node))
            elif isinstance(node, ast.Call) and node.args:
                _take(found, _named(name, node.func), _text(node.args[0]))
    return {kind: tuple(dict.fromkeys(sentences)) for kind, sentences in found.items()}


def _take(
    found: dict[type[CloisterError], list[str]], kind: type[CloisterError] | None, text: str
) -> None:
    if kind is not None and _SENTENCE.fullmatch(text):
        found[kind].append(text)


def _named(module: str, node: ast.expr) -> type[CloisterError] | None:
    """The kind of error that a name stands for there, if it is one."""
    parts = ast.unparse(node).split(".")
    value: object = sys.modules[module]
    for part in parts if all(part.isidentifier() for part in parts) else ():
        value = getattr(value, part, None)
    return value if isinstance(value, type) and value in errors() else None


def _own_sentence(kind: ast.ClassDef) -> str:
    """What a class that words its sentence itself hands on to CloisterError."""
    for node in ast.walk(kind):
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).endswith(".__init__")
            and node.args
        ):
            return _text(node.args[0])
    return ""


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        parts = (one.value if isinstance(one, ast.Constant) else "…" for one in node.values)
        return re.sub("…(?:[ :]*…)+", "…", "".join(map(str, parts)))
    return ""


def table() -> str:
    """One row a code."""
    lines = ["| code | it says, for instance | next step |", "|---|---|---|"]
    for code in sorted({kind.code for kind in errors()}):
        kinds = [kind for kind in errors() if kind.code == code]
        sentences = dict.fromkeys(text for kind in kinds for text in said()[kind])
        if not sentences:  # they are worded elsewhere
            sentences = dict.fromkeys((kind.__doc__ or "").partition("\n\n")[0] for kind in kinds)
        steps = dict.fromkeys(kind.hint for kind in kinds)
        cells = (
            f"`{code}`",
            " / ".join([*sentences][:_SHOWN]).replace("\n    ", " "),
            " / ".join(steps),
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page with the table as it should be."""
    above, mark, _ = PAGE.read_text("utf-8").partition(MARK)
    if not mark:
        raise ValueError(f"{PAGE.name} has no place for the table")
    return f"{above}{MARK}\n\n{table()}"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
