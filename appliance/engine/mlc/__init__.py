"""The public MLC layout: configuration, index and shards of a model, read and written."""
