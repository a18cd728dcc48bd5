"""The library: collections, documents, importing."""
