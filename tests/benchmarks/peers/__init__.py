"""What the engine is measured against. Run by an interpreter of its own; imports no product."""
