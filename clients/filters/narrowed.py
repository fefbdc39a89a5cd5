"""The clients that a query of the list means, for doors that are handed the query as text."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from clients.filters.client import ClientFilter
from clients.models import Client
from crm.core.errors import InvalidInput
from crm.core.models import User

#: What the address of the list carries beside its filters.
OF_THE_LIST = frozenset({"sort", "cols", "cursor", "view", "filters"})


def narrowed(query: str, user: User, request: Any) -> Any:
    """Clients in reach whom the filters of ``query`` leave. Raises ``InvalidInput`` for a name or value that no filter knows:
    passed over, it would let the whole list through."""
    asked = QueryDict(query)
    found = ClientFilter(asked, Client.objects.visible_to(user), request=request)
    if strange := sorted(set(asked) - set(found.filters) - OF_THE_LIST):
        raise InvalidInput(fields={"filter": _("Unknown: %(names)s") % {"names": ", ".join(strange)}})
    if not found.form.is_valid():
        raise InvalidInput(fields={"filter": " ".join(found.form.errors.as_text().split("\n"))})
    return found.qs
