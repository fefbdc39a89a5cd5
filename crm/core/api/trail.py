"""Reading over REST: what a list of clients' rows showed stands on the trail."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from crm.core import audit


class ListOnTrail:
    """Mixin for lists whose rows name a client: each page leaves one entry with the ids that it showed.

    Where all rows of the page are of one client, the entry counts as a look at him.
    """

    #: The entry's action, "account.view" for one.
    trail: str
    queryset: Any

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The rows within the caller's reach; each page names on the trail what it showed."""
        answer: Response = super().list(request, *args, **kwargs)  # type: ignore[misc]  # DRF's list comes behind it
        rows, own = answer.data["results"], request.user
        clients = {row["client"]["id"] for row in rows}
        only = clients.pop() if len(clients) == 1 else None
        label = self.queryset.model._meta.label_lower
        audit.record_read(own, self.trail, label, client=only, ids=[row["id"] for row in rows])  # type: ignore[arg-type]  # signed in
        return answer
