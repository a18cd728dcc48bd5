"""Kernel guards: no socket but AF_UNIX, writes only where allowed; their proof and evidence.

Light on purpose: the guard must be on before numpy and its threads are loaded.
"""

from appliance.airgap.errors import GuardAlreadyOn, GuardTooLate, GuardUnavailable

__all__ = ["GuardAlreadyOn", "GuardTooLate", "GuardUnavailable"]
