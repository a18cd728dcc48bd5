"""The proof that nothing can leave, on every screen."""
