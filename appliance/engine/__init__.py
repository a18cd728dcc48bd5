"""The engine: encoder, quote mode and the host process that runs them."""
