"""The look: tokens, icons, the sheet and what puts them on."""
