"""Setting a machine up from one file: people, collections, policies, models, kiosk, licence, seat.

Docs: docs/provisioning.md; why it is as it is: docs/decisions/0024-it-care.md.
"""
