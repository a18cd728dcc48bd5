"""Asking: the conversations, the questions and answers, the page beside them."""
