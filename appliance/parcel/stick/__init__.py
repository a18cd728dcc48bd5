"""Parcels: a TUF repository of local files (The Update Framework, specification 1.0)."""
