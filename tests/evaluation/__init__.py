"""How well the product finds, reads and refuses, measured on anybody's data."""
