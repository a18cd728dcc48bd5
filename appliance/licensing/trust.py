"""The keys that may sign licences.

Written by `packaging/vendor/vendor.py new-key`; the private halves are never in the repository. A
program built without any cannot be licensed and is for evaluation
(docs/decisions/0018-licensing.md).
"""

from __future__ import annotations

from appliance.vault.signers import TrustedKey

TRUSTED: tuple[TrustedKey, ...] = ()
