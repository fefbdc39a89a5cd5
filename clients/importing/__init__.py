"""What clients take in from files: themselves, what they hold, said and owe, and the market they are measured by."""

from clients.importing.accounts import AccountTarget, MarginTarget
from clients.importing.assets import AssetTarget
from clients.importing.clients import ClientTarget
from clients.importing.contacts import ContactTarget
from clients.importing.holdings import HoldingTarget
from clients.importing.index_levels import IndexLevelTarget

__all__ = [
    "AccountTarget",
    "AssetTarget",
    "ClientTarget",
    "ContactTarget",
    "HoldingTarget",
    "IndexLevelTarget",
    "MarginTarget",
]
