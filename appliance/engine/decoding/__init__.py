"""From a prompt's tokens to an answer's: schedule, run, choose."""
