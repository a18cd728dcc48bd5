"""From an architecture and a format to one library that runs the model on a GPU."""
