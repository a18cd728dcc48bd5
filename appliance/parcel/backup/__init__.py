"""Backups: sealed chunks, a signed manifest for each backup, chained to the one before."""
