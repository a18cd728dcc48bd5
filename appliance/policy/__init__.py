"""Policy: signed Cedar packs, decisions, obligations. The only user of cedarpy."""

from appliance.policy.engine import PolicyEngine
from appliance.policy.errors import (
    PackAltered,
    PackError,
    PackForged,
    PackMissing,
    PackRolledBack,
    PackUnsigned,
    PackUnusable,
)
from appliance.policy.pack import Clause, Pack, load, load_packs, shipped_folder
from appliance.policy.vocabulary import Action

__all__ = [
    "Action",
    "Clause",
    "Pack",
    "PackAltered",
    "PackError",
    "PackForged",
    "PackMissing",
    "PackRolledBack",
    "PackUnsigned",
    "PackUnusable",
    "PolicyEngine",
    "load",
    "load_packs",
    "shipped_folder",
]
