"""Evidence-bound decoding: what an answer may say, decided byte by byte as it is written."""
