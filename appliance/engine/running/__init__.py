"""Running a loaded chat model on a processor or a GPU."""
