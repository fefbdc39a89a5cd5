"""What clients take in from files: clients, daily assets, holdings and contacts (docs/import.md)."""

from clients.importing.assets import AssetTarget
from clients.importing.clients import ClientTarget
from clients.importing.contacts import ContactTarget
from clients.importing.holdings import HoldingTarget

__all__ = ["AssetTarget", "ClientTarget", "ContactTarget", "HoldingTarget"]
