"""The reader: a question and a passage together, to how well the one answers the other."""
