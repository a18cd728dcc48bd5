"""What can go wrong with policy packs, said so that IT knows the next step."""

from __future__ import annotations

from appliance.errors import CloisterError


class PackError(CloisterError):
    """A pack is not used. While a pack fails, nothing is answered."""

    code = "pack_error"
    hint = "Put the pack back as it was delivered, or ask its author for a new one."


class PackMissing(PackError):
    code = "pack_missing"
    hint = "Install Cloister again, or put the pack's folder back."


class PackUnsigned(PackError):
    code = "pack_unsigned"
    hint = "Only signed packs are used. Ask the pack's author for the signed one."


class PackForged(PackError):
    """The signature does not verify under any key this installation trusts."""

    code = "pack_forged"
    hint = "Do not use it. Get the pack from its author again and tell your security officer."


class PackAltered(PackError):
    """Files were changed, added, removed or renamed after the pack was signed."""

    code = "pack_altered"
    hint = "Put the pack back as it was delivered. Changes need a new serial and signature."


class PackRolledBack(PackError):
    code = "pack_rolled_back"
    hint = "Install the newest delivery of the pack; an older one is never accepted again."


class PackUnusable(PackError):
    """The pack is genuine, but what it says cannot be used."""

    code = "pack_unusable"
    hint = "Tell the pack's author; `python packaging/sign_pack.py --check` shows all findings."
