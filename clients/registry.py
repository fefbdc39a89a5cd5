"""Which rows belong to a client, whatever app they live in.

Merging two clients, handing a client over, telling him what is on file and erasing it must reach rows of apps that this one
does not know. Each app names its own in ``AppConfig.ready()``; a test fails for a model with a way to a client that nobody
has named. The only inversion of the house's order.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.apps import apps
from django.db import models


@dataclass(frozen=True)
class ClientBound:
    """A model whose rows belong to a client: ``path`` is the lookup from the row to the client."""

    model: str
    path: str = "client"
    #: Whether the client is told of these rows when he asks what is on file; judgements of ours are not told.
    is_told: bool = True

    def rows(self, client_id: int) -> models.QuerySet[models.Model]:
        """This client's rows."""
        return apps.get_model(self.model)._base_manager.filter(**{self.path: client_id})


_bound: dict[str, ClientBound] = {}


def bind(*kinds: ClientBound) -> None:
    """Name models of an app whose rows belong to a client."""
    for kind in kinds:
        _bound[f"{kind.model.lower()}:{kind.path}"] = kind


def bound() -> list[ClientBound]:
    """Every kind of row that belongs to a client, left apps first."""
    return list(_bound.values())
