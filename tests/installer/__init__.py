"""`make installer-test`: what is in dist/, in a clean Debian without a network."""
