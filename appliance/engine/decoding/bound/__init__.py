"""Evidence-bound decoding: what an answer may say, decided character by character as it is written."""
