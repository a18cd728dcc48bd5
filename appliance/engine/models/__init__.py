"""What a chat model is made of: its architecture, its formats, its parameters by name."""
