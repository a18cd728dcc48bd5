"""Every text of the code that a catalogue has to have; `make texts` lists what is missing.

Rules kept here: texts are found in the code as written (ast), never by running it. Marked are
`self.tr("…")`, `QCoreApplication.translate("context", "…")` and a module's own `_tr("…")`; what is
handed to them must be a literal, or nobody could translate it. Of the appliance, whose English is
recognised as it comes, the modules that people meet in the window are read: each text in them that
is a sentence, with {0}, {1} … for what an f-string fills in; and what stands beside the code and is
shown: sentences and clauses of the policy packs that ship, and what each part is for.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from appliance.licensing.signed import NAMES
from appliance.parts import carried, stated
from gui.languages.catalogue import CODES, Catalogue, catalogue

ROOT = Path(__file__).resolve().parents[2]
_SENTENCE = re.compile(r"[A-Z“`{].*\s.*(?:[.!]|}\?)", re.DOTALL)
_PHRASES = re.compile(r'@(?:sentence|hint)\("((?:[^"\\]|\\.)*)"\)')
_MODULES = """
accounts administration applications asking assistant attached backups citations conversations
desk entering errors exporting finding_files first_run glass intake kiosk language_model ledger
library_parcels logbook managed model_trial models_shown opening originals own_settings pages
parcels parcels_received parts policies_in_force refused remembered rotation seat seat_evidence
seat_taking seat_view settings shelves sitting why airgap/errors airgap/evidence
airgap/guard airgap/sandbox airgap/selftest airgap/syscalls audit/chain audit/copy audit/copying
audit/epochs audit/errors audit/files audit/frames audit/head audit/index audit/journal audit/keys
audit/leaf audit/log audit/note audit/opening audit/proofs audit/segment audit/story
audit/subtrees audit/verify audit/writer documents/chunking documents/errors documents/template
engine/answering engine/arena engine/bundles/copying engine/bundles/libraries
engine/bundles/manifest engine/bundles/opening engine/bundles/shipped engine/bundles/store
engine/bundles/trust engine/chat/client engine/chat/errors engine/chat/loop engine/chat/process
engine/chat/starting engine/chat/warming engine/decoding/decoder engine/decoding/errors
engine/encoder/bundle engine/encoder/client engine/errors engine/framing engine/mlc/chat_config
engine/mlc/files engine/mlc/index engine/mlc/shards engine/models/families engine/reading/levels
engine/reading/weights engine/running/device engine/running/pages licensing/certificate
licensing/codes licensing/errors licensing/fingerprint licensing/licence licensing/request
licensing/seat_folder licensing/signed licensing/standing memory/building memory/catalogue
memory/collection memory/database memory/ephemeral memory/errors memory/evidence memory/exporting
memory/forward memory/history memory/identity memory/journal memory/layout memory/library
memory/recall memory/record memory/retirement memory/store parcel/backup/checking
parcel/backup/index parcel/backup/manifest parcel/backup/place parcel/backup/snapshot
parcel/backup/writing parcel/errors parcel/library parcel/restored parcel/stick/checking
parcel/stick/contents parcel/stick/mount parcel/stick/origins people/confirming people/errors
people/glass people/keystore people/lockout policy/engine policy/errors policy/lint
policy/manifest policy/pack vault/accounts vault/durable vault/encoding vault/errors
vault/folder_lock vault/holdings vault/keyring vault/passphrase vault/passphrased vault/people
vault/primitives vault/proofs vault/recovered vault/recovering vault/recovery vault/roster
vault/sealed vault/session vault/signers vault/signing vault/slots vault/suites vault/vault
vault/vault_file vault/wraps
""".split()
WORDS = (
    "A reason", "A remark", "The document", "Your settings", "administrator", "auditor",
    *NAMES.values(),
    "The question is too long for this model to read a passage beside it.",
    "Ask a shorter question, or begin a new conversation.",
)  # fmt: skip
"""What the appliance fills into its sentences and is no name of anything; and what two modules say
that also hold what is said to models."""
_UNSEEN = """
__main__ api/ cli/ claims/ diagnosis/ provisioning/ airgap_evidence exports_checked fleet forms
health insights natives/ release restoring sample/ suggestions airgap/reach paper/airgap_sheet
audit/canonical audit/excerpt audit/record engine/bundles/sealing
engine/chat/assembling engine/chat/host engine/chat/messages engine/chat/packing
engine/chat/prefixes engine/chat/preflight engine/compile/ engine/decoding/ engine/encoder/frames
engine/encoder/host engine/mlc/weights engine/models/ engine/prompts/ engine/quoting/
engine/reading/frames engine/reading/host engine/running/ licensing/authority/ licensing/usage
memory/fleet memory/graph memory/postings parcel/backup/restoring parcel/backup/table
parcel/stick/making values/sheets
""".split()
"""Modules (and folders) whose sentences no screen shows: of the command line, of building models,
between processes, of the seat authority; and those that every reader of the log, of a bundle or of
an answer that left is to read in English; and questions to begin with, which are asked as shown."""
SAID_IN = (
    *(f"appliance/{name}.py" for name in _MODULES),
    "gui/__main__.py", "gui/ask/page_image.py", "gui/files.py", "gui/worker.py",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Marked:
    """context: the class, or what `translate` was given."""

    context: str
    text: str
    place: str


@cache
def marked() -> tuple[Marked, ...]:
    """Of the window. Raises ValueError naming the place of a mark that holds no literal."""
    found: list[Marked] = []
    for path in sorted((ROOT / "gui").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        found += _marks(tree, "", _own_context(tree), str(path.relative_to(ROOT)))
    return tuple(found)


@cache
def said() -> Mapping[str, str]:
    """The appliance's sentences, and where each stands."""
    found: dict[str, str] = {}
    for name in SAID_IN:
        for text in _sentences(ast.parse((ROOT / name).read_text("utf-8"))):
            found.setdefault(text, name)
    for path in sorted((ROOT / "policies").rglob("*.cedar")):
        for text in _PHRASES.findall(path.read_text("utf-8")):
            found.setdefault(text, str(path.relative_to(ROOT)))
    for path in sorted((ROOT / "policies").rglob("pack.toml")):
        for clause in tomllib.loads(path.read_text("utf-8")).get("clause", ()):
            found.setdefault(clause["text"], str(path.relative_to(ROOT)))
    for word in WORDS:
        found.setdefault(word, "the sentences above")
    purposes = [purpose for purpose, _ in stated().values()]
    for purpose in (*purposes, *(part.purpose for part in carried())):
        if purpose:
            found.setdefault(purpose, "docs/dependencies.md")
    return MappingProxyType(found)


def unheard() -> list[str]:
    """Modules of the appliance that speak and are neither read nor named as unseen."""
    unseen = tuple(f"appliance/{name}" for name in _UNSEEN)
    found = []
    for path in sorted((ROOT / "appliance").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if name in SAID_IN or name.startswith(unseen):
            continue
        if any(_sentences(ast.parse(path.read_text("utf-8")))):
            found.append(name)
    return found


def _own_context(tree: ast.Module) -> str:
    """What this module's `_tr` hands on to `translate`."""
    for one in tree.body:
        if isinstance(one, ast.FunctionDef) and one.name == "_tr":
            for call in ast.walk(one):
                if isinstance(call, ast.Call) and _called(call) == "translate":
                    return _literal(call.args[0]) or ""
    return ""


def _marks(tree: ast.AST, within: str, own: str, place: str) -> Iterator[Marked]:
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.FunctionDef) and child.name == "_tr":
            continue
        if isinstance(child, ast.Call):
            name, given = _called(child), child.args
            context = {"tr": within, "_tr": own}.get(name, "")
            if name == "translate" and len(given) > 1:
                context, given = _literal(given[0]) or "", given[1:]
            if name in ("tr", "_tr", "translate") and given:
                text = _literal(given[0])
                if text is None:
                    raise ValueError(f"{place}:{child.lineno} marks what is no literal")
                yield Marked(context, text, f"{place}:{child.lineno}")
        inner = child.name if isinstance(child, ast.ClassDef) else within
        yield from _marks(child, inner, own, place)


def _sentences(tree: ast.Module) -> Iterator[str]:
    passed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(id(node.value))  # a docstring
        if isinstance(node, ast.Call) and _called(node) in ("tr", "_tr", "translate", "compile"):
            passed.update(id(inner) for inner in ast.walk(node))
        if isinstance(node, ast.JoinedStr):
            passed.update(id(inner) for inner in node.values)
        if id(node) in passed:
            continue
        text = _shaped(node) if isinstance(node, ast.JoinedStr) else _literal(node)
        if text and _SENTENCE.fullmatch(text):
            yield text


def _shaped(node: ast.JoinedStr) -> str:
    holes = 0
    text = ""
    for value in node.values:
        literal = _literal(value)
        if literal is None:
            text += f"{{{holes}}}"
            holes += 1
        else:
            text += literal
    return text


def _called(call: ast.Call) -> str:
    what = call.func
    if isinstance(what, ast.Attribute):
        return what.attr
    return what.id if isinstance(what, ast.Name) else ""


def _literal(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def missing(texts: Catalogue) -> tuple[list[str], list[str]]:
    """What the code says and the catalogue does not have, in the order of the code: of the window,
    and of the appliance."""
    window = [one.text for one in marked() if texts.text(one.context, one.text) is None]
    return list(dict.fromkeys(window)), [text for text in said() if text not in texts.said]


def left_over(texts: Catalogue) -> list[str]:
    """What the catalogue has and the code does not say any more."""
    found = {one.text for one in marked()}
    within = {(one.context, one.text) for one in marked()}
    sentences = said()
    over = [f"[window] {text}" for text in texts.window if text not in found]
    for context, own in texts.window_in.items():
        over += [f"[window_in.{context}] {t}" for t in own if (context, t) not in within]
    return over + [f"[said] {text}" for text in texts.said if text not in sentences]


def main() -> int:
    """Lists it as it would stand in the catalogue. Exit status 1 where something is to do."""
    to_do = 0
    for code in CODES[1:]:
        texts = catalogue(code)
        window, sentences = missing(texts)
        over = left_over(texts)
        to_do += len(window) + len(sentences) + len(over)
        print(f"{code}: {len(window) + len(sentences)} missing, {len(over)} left over")
        for title, lines in (("window", window), ("said", sentences)):
            for line in lines:
                print(f'[{title}] "{_escaped(line)}" = ""')
        for line in over:
            print(f"left over: {line}")
    return 1 if to_do else 0


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


if __name__ == "__main__":
    sys.exit(main())
