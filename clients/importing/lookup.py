"""Finding the client and the colleague that a row of a file names: one query for a chunk of rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from clients.models import Client
from crm.core.importing import ImportContext, ImportField, InputRow, Problem
from crm.core.models import User

UNKNOWN_CLIENT = _("The branch has no client with this number.")
UNKNOWN_STAFF = _("The company has no active member of staff with this number.")

CLIENT_FIELD = ImportField(
    "external_id",
    "code",
    _("client number"),
    required=True,
    max_length=40,
    headers=("客户号", "客户编号", "资金账号", "client", "client_id", "client number", "account"),
    help=_("The number under which the branch knows the client."),
)


def clients_by_number(context: ImportContext, rows: Iterable[InputRow]) -> dict[str, int]:
    """Client number → key, for the rows of one chunk."""
    numbers = {row.values["external_id"] for row in rows}
    found = Client.objects.filter(branch=context.branch, external_id__in=numbers)
    return dict(found.values_list("external_id", "pk"))


def staff_by_number(context: ImportContext, numbers: Iterable[Any]) -> dict[str, int]:
    """Staff number → key, within the company of the branch."""
    wanted = {str(number) for number in numbers if number}
    if not wanted:
        return {}
    found = User.objects.filter(company=context.branch.company_id, is_active=True, staff_number__in=wanted)
    return dict(found.values_list("staff_number", "pk"))


def unknown_client(row: InputRow) -> Problem:
    return row.problem("external_id", "unknown_client", str(UNKNOWN_CLIENT))
