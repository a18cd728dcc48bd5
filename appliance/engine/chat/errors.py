"""How the chat host can end, told apart for the person and for the log."""

from __future__ import annotations

from appliance.errors import EngineFailed


class EngineStopped(EngineFailed):
    """The host's process ended, or was ended for talking nonsense."""

    code = "engine_stopped"
    hint = "Ask again; the model has been started anew."


class EngineHung(EngineFailed):
    code = "engine_hung"
    hint = "Ask again; the model has been started anew. If it stays so, ask a shorter question."


class EngineMemory(EngineFailed):
    code = "engine_memory"
    hint = "Close other programs and ask again, or ask your IT department for a smaller model."


class EngineRestarting(EngineFailed):
    """It has failed so often that it is not started again for now."""

    code = "engine_restarting"
    hint = (
        "Wait a minute and ask again. If it stays so, run `cloister doctor` and give its output to "
        "your IT department; questions can be answered without the model meanwhile."
    )


class RequestRejected(EngineFailed):
    """The host is well, but cannot do this."""

    code = "request_rejected"
    hint = "Ask a shorter question."


class PromptRejected(RequestRejected):
    """The host counts more tokens in the prompt than the model takes. Nothing was computed."""

    code = "prompt_too_long"
    hint = "Ask a shorter question, start a new conversation, or choose fewer documents."
