"""The sample libraries of `cloister demo`."""

from appliance.sample.library import (
    SAMPLE_NAMES,
    QuestionKind,
    SampleQuestion,
    sample_folder,
    sample_questions,
)

__all__ = ["SAMPLE_NAMES", "QuestionKind", "SampleQuestion", "sample_folder", "sample_questions"]
