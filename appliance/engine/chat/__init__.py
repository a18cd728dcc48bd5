"""The chat host: a child process that runs a chat model, and the desk's side of it."""
