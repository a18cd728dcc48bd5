"""Opening the vault."""
