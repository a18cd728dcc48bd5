from appliance.memory.ephemeral import EphemeralHistory
from appliance.memory.history import History
from appliance.memory.journal import JobFile
from appliance.memory.library import Library, new_document_id
from appliance.memory.recall import Encode, Place
from appliance.memory.store import OnMark, Store

__all__ = [
    "Encode",
    "EphemeralHistory",
    "History",
    "JobFile",
    "Library",
    "OnMark",
    "Place",
    "Store",
    "new_document_id",
]
