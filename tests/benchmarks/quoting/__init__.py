"""Measuring quote mode: questions with and without an answer, and finding their passages."""
