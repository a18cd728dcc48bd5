"""MiniLM: texts to vectors, in a process of its own."""
