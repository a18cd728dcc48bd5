"""What `make screens` takes pictures of: the real widgets, driven through the main jobs."""
