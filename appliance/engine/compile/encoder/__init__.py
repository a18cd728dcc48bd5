"""The encoder's kernels and its parameter file."""
