"""The reader's kernels."""
