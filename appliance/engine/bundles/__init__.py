"""MLC bundles on disk: read, verify, install, remove."""
