"""Every action of the window, with its keys: the one table that the shortcuts, the palette, the
tips and the help are made from.

Rules kept here: what is not in this table has no key of the window; a key stands in it once.
`needs` names what the policy must allow; what it does not is neither listed nor done, and the
product asks the policy itself all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QKeySequence


class Section(StrEnum):
    ASK = "ask"
    ANSWER = "answer"
    PAGE = "page"
    CONVERSATION = "conversation"
    LIBRARY = "library"
    LOG = "log"
    GO = "go"
    WINDOW = "window"
    TYPING = "typing"
    """Keys of one field or list: told in the help, done there."""


@dataclass(frozen=True, slots=True)
class Command:
    """keys: of Qt's portable names, the first is the one that is told; none where the palette is
    the only way. needs: an action of the policy, "" for none."""

    name: str
    title: str
    section: Section
    keys: tuple[str, ...] = ()
    needs: str = ""

    @property
    def told(self) -> str:
        """The keys as a person reads them on this system."""
        if self.section is Section.TYPING:
            return self.keys[0]
        return native(self.keys[0]) if self.keys else ""


def native(keys: str) -> str:
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)


def commands() -> tuple[Command, ...]:
    return (*_ask(), *_answer(), *_page(), *_conversation(), *_library(), *_log(), *_go(),
            *_window())  # fmt: skip


def listed() -> tuple[Command, ...]:
    """All that the help lists: the commands, and the keys of single fields."""
    return (*_typing(), *commands())


def told(name: str) -> str:
    """The keys of a command, for a tip."""
    return next(command.told for command in commands() if command.name == name)


def tipped(text: str, name: str) -> str:
    """A tip with the keys of the command it belongs to."""
    keys = told(name)
    return f"{text}  ({keys})" if keys else text


def section_name(section: Section) -> str:
    return {
        Section.ASK: _tr("Asking"),
        Section.ANSWER: _tr("The last answer"),
        Section.PAGE: _tr("The page beside it"),
        Section.CONVERSATION: _tr("The open conversation"),
        Section.LIBRARY: _tr("Library"),
        Section.LOG: _tr("Log"),
        Section.GO: _tr("Go to"),
        Section.WINDOW: _tr("Window"),
        Section.TYPING: _tr("In fields and lists"),
    }[section]


def _ask() -> tuple[Command, ...]:
    at = Section.ASK
    return (
        Command("new_question", _tr("New question"), at, ("Ctrl+N",)),
        Command("focus_question", _tr("To the question field"), at, ("Ctrl+K",)),
        Command("attach", _tr("Put a document beside the conversation"), at, ("Ctrl+Shift+A",),
                "attach"),
        Command("stop", _tr("Stop the answer"), at, ("Ctrl+.",)),
    )  # fmt: skip


def _answer() -> tuple[Command, ...]:
    at, leaves = Section.ANSWER, "export_answer"
    return (
        Command("copy", _tr("Copy the answer"), at, ("Ctrl+Shift+C",)),
        Command("cite", _tr("Copy the answer with its sources"), at, ("Ctrl+Shift+X",)),
        Command("again", _tr("Ask the same again"), at, ("Ctrl+R",)),
        Command("edit", _tr("Change the question and ask again"), at, ("Ctrl+E",)),
        Command("good", _tr("Say that the answer is good"), at, ("Ctrl+Shift+G",)),
        Command("bad", _tr("Say that something is wrong with it"), at, ("Ctrl+Shift+B",)),
        Command("why", _tr("Why this answer"), at, ("Ctrl+Shift+W",)),
        Command("source", _tr("Open the page of the next source"), at, ("F6",)),
        Command("source_before", _tr("Open the page of the source before"), at, ("Shift+F6",)),
        Command("as_pdf", _tr("Export the answer as PDF"), at, ("Ctrl+Shift+E",), leaves),
        Command("as_word", _tr("Export the answer as Word document"), at, (), leaves),
        Command("as_markdown", _tr("Export the answer as Markdown"), at, (), leaves),
    )


def _page() -> tuple[Command, ...]:
    at = Section.PAGE
    return (
        Command("page_before", _tr("Previous page"), at, ("Alt+Left",)),
        Command("page_after", _tr("Next page"), at, ("Alt+Right",)),
        Command("page_larger", _tr("Page larger"), at, ("Alt+Up",)),
        Command("page_smaller", _tr("Page smaller"), at, ("Alt+Down",)),
        Command("page_back", _tr("Back to the passage"), at, ("Alt+Home",)),
        Command("page_close", _tr("Close the page"), at, ("Ctrl+W",)),
    )


def _conversation() -> tuple[Command, ...]:
    at = Section.CONVERSATION
    return (
        Command("search", _tr("Search your conversations"), at, ("Ctrl+Shift+F",)),
        Command("rename", _tr("Rename"), at, ("Ctrl+Shift+R",)),
        Command("pin", _tr("Pin, or unpin"), at, ("Ctrl+D",)),
        Command("file", _tr("Put into a new folder"), at, ("Ctrl+Shift+M",)),
        Command("delete", _tr("Delete, after a question"), at, ("Ctrl+Shift+Del",)),
    )


def _library() -> tuple[Command, ...]:
    at = Section.LIBRARY
    return (
        Command("add_files", _tr("Add files to the open collection"), at, ("Ctrl+O",), "import"),
        Command("add_folder", _tr("Add a folder to the open collection"), at, ("Ctrl+Shift+O",),
                "import"),
        Command("new_collection", _tr("New collection"), at, ("Ctrl+Shift+N",),
                "create_collection"),
        Command("newer", _tr("Bring a newer version of the open document"), at, (), "import"),
        Command("retire", _tr("Retire the open document"), at, (), "remove_document"),
        Command("restore", _tr("Answer from the open document again"), at, (), "import"),
    )  # fmt: skip


def _log() -> tuple[Command, ...]:
    at = Section.LOG
    return (
        Command("verify_log", _tr("Verify the log"), at, ("Ctrl+Shift+V",), "verify_log"),
        Command("export_log", _tr("Export the log"), at, ("Ctrl+Shift+L",), "export_log"),
        Command("export_part", _tr("Export what fits the filters of the log"), at, (),
                "export_log"),
    )  # fmt: skip


def _go() -> tuple[Command, ...]:
    at = Section.GO
    return (
        Command("go_ask", _tr("Ask"), at, ("Ctrl+1",)),
        Command("go_library", _tr("Library"), at, ("Ctrl+2",)),
        Command("go_log", _tr("Log"), at, ("Ctrl+3",)),
        Command("go_admin", _tr("Administration"), at, ("Ctrl+4",)),
        Command("airgap", _tr("Proof of being offline"), at, ("F8",)),
    )


def _window() -> tuple[Command, ...]:
    at = Section.WINDOW
    return (
        Command("palette", _tr("Find an action"), at, ("Ctrl+Shift+P", "Ctrl+P")),
        Command("help", _tr("Help and all keys"), at, ("F1",)),
        Command("undo", _tr("Undo the last change of a conversation"), at, ("Ctrl+Z",)),
        Command("side", _tr("Show or hide the side"), at, ("Ctrl+B",)),
        Command("larger", _tr("Larger text"), at, ("Ctrl++", "Ctrl+=")),
        Command("smaller", _tr("Smaller text"), at, ("Ctrl+-",)),
        Command("usual", _tr("Text at 100 %"), at, ("Ctrl+0",)),
        Command("look_system", _tr("Look: as the system says"), at),
        Command("look_light", _tr("Look: light"), at),
        Command("look_dark", _tr("Look: dark"), at),
        Command("look_contrast", _tr("Look: high contrast"), at),
        Command("lock", _tr("Lock at once"), at, ("Ctrl+L",)),
        Command("close", _tr("Close Cloister"), at, ("Ctrl+Q",)),
    )


def _typing() -> tuple[Command, ...]:
    at = Section.TYPING
    return (
        Command("send", _tr("Ask the question"), at, (_tr("Enter"),)),
        Command("line", _tr("New line in the question"), at, (_tr("Shift+Enter"),)),
        Command("recall", _tr("In an empty field: change your last question"), at, (_tr("Up"),)),
        Command("escape", _tr("Stop the answer, close the page"), at, (_tr("Esc"),)),
        Command("open", _tr("Open what is chosen; fold a folder"), at, (_tr("Enter"),)),
        Command("more", _tr("Rename a conversation; pin, file, export it"), at,
                (_tr("F2, Menu"),)),
        Command("remove", _tr("Remove what is chosen, after a question"), at, (_tr("Del"),)),
    )  # fmt: skip


def _tr(text: str) -> str:
    return QCoreApplication.translate("commands", text)
