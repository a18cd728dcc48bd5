"""Licences and seats: signed files that an institution hands round, and what they allow.

Rules kept here: the part is pure of the other parts and knows neither the log nor the vault's
people; it opens what it is given, signs what it is told to and decides from evidence and time;
`appliance/seat.py` joins it to an open desk. What each state allows is docs/licensing.md.
"""
