"""Quote mode: the sentences that answer, chosen and weighed."""
