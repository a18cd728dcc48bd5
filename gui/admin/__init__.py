"""Administration of this machine: one page a subject."""
