"""Reading documents in sandboxed processes, and cutting them into passages."""

from appliance.documents.chunking import chunk
from appliance.documents.limits import ReaderLimits
from appliance.documents.reader import SandboxedReader

__all__ = ["ReaderLimits", "SandboxedReader", "chunk"]
