"""Accounts, trading permissions, collateral, investor class and business lines."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from clients.views.accounts import accounts_context
from clients.views.investors import investors_context
from clients.views.permissions import permissions_context
from crm.overview.tabs.tab import Tab


def _context(request: HttpRequest, client: Client, day: date) -> dict[str, Any]:
    return {
        **accounts_context(request, client, day),
        **permissions_context(request, client),
        **investors_context(request, client),
    }


TAB = Tab("accounts", _("Accounts and permissions"), _context, right="clients.view_account")
