"""The institution's seat authority: who gets which seat of a licence, on IT's own machine."""
