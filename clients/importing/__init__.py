"""What clients take in from files: clients, daily assets, holdings, contacts, accounts and collateral (docs/import.md)."""

from clients.importing.accounts import AccountTarget, MarginTarget
from clients.importing.assets import AssetTarget
from clients.importing.clients import ClientTarget
from clients.importing.contacts import ContactTarget
from clients.importing.holdings import HoldingTarget

__all__ = ["AccountTarget", "AssetTarget", "ClientTarget", "ContactTarget", "HoldingTarget", "MarginTarget"]
