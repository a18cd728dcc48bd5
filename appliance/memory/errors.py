"""What can go wrong with the memory, each with a next step.

Rules kept here: no sentence holds document text, a question, a path inside an import or a key.
"""

from __future__ import annotations

from appliance.errors import CloisterError, DocumentError, StoreTampered


class WrongStoreKey(StoreTampered):
    """The file is the one the log recorded, but this key does not open it."""

    code = "wrong_store_key"
    hint = "Unlock as a member of this collection. If you are one, tell your IT department."


class StoreDamaged(StoreTampered):
    code = "store_damaged"


class StoreRolledBack(StoreTampered):
    """An older state was put back, or the newest changes were cut off."""

    code = "store_rolled_back"


class StoreSwapped(StoreTampered):
    """The file belongs to another collection or person, or comes from elsewhere."""

    code = "store_swapped"


class StoreMissing(StoreTampered):
    code = "store_missing"


class StoreExists(CloisterError):
    code = "store_exists"
    hint = "Nothing was changed. Open the one that is there."


class StoreClosed(CloisterError):
    code = "store_closed"
    hint = "Unlock again."


class StoreEngineMissing(CloisterError):
    """The encryption extension of the database is not part of this installation."""

    code = "store_engine_missing"
    hint = "Install Cloister again; a file of the program is missing or was changed."


class StoreFailed(CloisterError):
    """The database refused for a reason that is neither the disk's nor a sign of tampering."""

    code = "store_failed"


class CollectionNotOpen(CloisterError):
    code = "collection_not_open"
    hint = "Unlock as a member of this collection, or choose another."


class DocumentUnknown(CloisterError):
    code = "document_unknown"
    hint = "It may have been removed meanwhile. Look at the list again."


class DocumentUnusable(DocumentError):
    """What was handed in does not fit together, or is past a limit."""

    code = "document_unusable"
    hint = "Add the document again; if it happens once more, report this to your IT department."


class JobUnknown(CloisterError):
    code = "import_unknown"
    hint = "It may have been finished meanwhile. Start the import anew."


class ConversationUnknown(CloisterError):
    code = "conversation_unknown"
    hint = "It may have been deleted meanwhile. Look at the list again."


class RecordUnreadable(StoreTampered):
    """A remembered answer does not have the form it was saved in."""

    code = "record_unreadable"


class TurnUnknown(CloisterError):
    code = "turn_unknown"
    hint = "It may have been deleted meanwhile. Open the conversation again."


class TitleUnusable(CloisterError):
    """A conversation's title or a folder's name that is empty or too long."""

    code = "title_unusable"
    hint = "Choose a name of 1 to 80 characters."
