"""What can be wrong with a request for an answer."""

from __future__ import annotations

from appliance.errors import EngineFailed


class RequestUnusable(EngineFailed):
    """The request makes no sense as asked. Nothing was computed."""

    code = "request_unusable"
    hint = "Ask with other settings."


class PromptTooLong(EngineFailed):
    """The prompt can never fit, however long it waits."""

    code = "prompt_too_long"
    hint = "Ask a shorter question, start a new conversation, or choose fewer documents."


class SchemaUnusable(EngineFailed):
    """The JSON schema cannot be followed, or Cloister could not promise that it is."""

    code = "schema_unusable"
    hint = "Simplify the schema: types, properties, items, enum, anyOf, lengths and ranges."


class EvidenceLacking(EngineFailed):
    """The schema asks for something here that the evidence does not hold."""

    code = "evidence_lacking"
    hint = "Ask for less, or for other passages: the answer may only say what they hold."


class TokenizerUnsupported(EngineFailed):
    """The bundle's tokenizer turns tokens into text in a way that is not known here."""

    code = "tokenizer_unsupported"
    hint = "Choose another bundle: byte-level BPE and SentencePiece with byte fallback are known."


class LogitsInvalid(EngineFailed):
    """The model computed something that is not a distribution."""

    code = "logits_invalid"
    hint = "Ask again. If it happens twice, ask your IT department to verify the bundle."


class MemoryUsedUp(EngineFailed):
    """There was not memory enough for a pass; what others hold is as it was."""

    code = "engine_memory"
    hint = "Close other programs and ask again, or ask your IT department for a smaller model."
