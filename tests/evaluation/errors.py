"""What can be wrong with somebody's data set, or with how the evaluation was called."""

from __future__ import annotations

from appliance.errors import CloisterError


class DataUnusable(CloisterError):
    """A data set cannot be evaluated as it is. The sentence names the file and, where it can be
    told, the line."""

    code = "evaluation_data_unusable"
    hint = "Compare the folder with the formats in docs/evaluation.md."


class AskFailed(CloisterError):
    """The product failed on a question, so that its figures would not be whole."""

    code = "evaluation_ask_failed"
    hint = "Ask this question with `cloister ask`; if it fails there too, run `cloister doctor`."
