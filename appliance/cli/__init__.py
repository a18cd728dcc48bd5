"""The terminal: each file a command group, each command a function of its arguments."""
