"""Every change to clients, their assets and what was said to them."""

from clients.services.accounts import change_account, mark_line, open_account, set_margin, unmark_line
from clients.services.asset_sql import AssetDay
from clients.services.assets import HoldingRow, put_asset_days, put_holdings
from clients.services.clients import (
    assess_risk,
    assign_advisor,
    change_client,
    confirm_facts,
    create_client,
    set_do_not_contact,
)
from clients.services.contacts import correct_contact, log_contact
from clients.services.needs import link_needs, record_needs
from clients.services.permissions import (
    approve_exemption,
    ask_exemption,
    close_permission,
    open_permission,
    record_test,
    refuse_exemption,
)

__all__ = [
    "AssetDay",
    "HoldingRow",
    "approve_exemption",
    "ask_exemption",
    "assess_risk",
    "assign_advisor",
    "change_account",
    "change_client",
    "close_permission",
    "confirm_facts",
    "correct_contact",
    "create_client",
    "link_needs",
    "log_contact",
    "mark_line",
    "open_account",
    "open_permission",
    "put_asset_days",
    "put_holdings",
    "record_needs",
    "record_test",
    "refuse_exemption",
    "set_do_not_contact",
    "set_margin",
    "unmark_line",
]
