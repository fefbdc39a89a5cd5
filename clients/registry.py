"""Which rows belong to a client, whatever app they live in, and what becomes of them when two clients turn out to be one.

Merging two clients, handing a client over, telling him what is on file and erasing it must reach rows of apps that this one
does not know. Each app names its own in ``AppConfig.ready()``; a test fails for a model with a way to a client that nobody
has named, and for one of which nobody has said how it merges. The only inversion of the house's order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from django.apps import apps
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from crm.core.models import User

#: New values of one row by attribute name.
Values = dict[str, Any]


@dataclass(frozen=True)
class Moment:
    """When and by whom two clients are made one."""

    now: datetime
    today: date
    actor: Any
    #: Groups of facts whose value comes from the leaving client.
    taken: frozenset[str]
    #: What a row says of its end, in the language of whoever merges.
    reason: str


#: Of two rows of which the rules allow one (first the leaving client's, then the staying one's): their new values. None for
#: the first means that it is set aside: taken out and kept in the record of the merge.
Settle = Callable[[Any, Any, Moment], tuple[Values | None, Values]]


def aside(_leaving: Any, _staying: Any, _moment: Moment) -> tuple[Values | None, Values]:
    """The row of the client who stays is kept, the other is set aside."""
    return None, {}


@dataclass(frozen=True)
class Moves:
    """Rows go over to the client who stays. ``settle`` says, by the name of the unique constraint that two rows meet in ("" for a
    one-to-one way to the client), what becomes of them; where nothing is said the leaving client's row is set aside. ``overlap``
    counts what both have of the same thing, where that must be confirmed; ``senseless`` gives the rows that say nothing any more
    between the two (the leaving client, the staying one), and are set aside."""

    settle: Mapping[str, Settle] = field(default_factory=dict)
    overlap: Callable[[Any, Any], int] | None = None
    senseless: Callable[[Any, Any], models.Q] | None = None


@dataclass(frozen=True)
class Stays:
    """Rows are history of their own and stay as they are."""


class Hook(Protocol):
    """A kind whose rows cannot simply go over."""

    def overlap(self, leaving: Any, staying: Any) -> int:
        """How many rows of both speak of the same thing; with any the merge must be confirmed."""

    def merge(self, leaving: Any, staying: Any, moment: Moment) -> tuple[int, Any]:
        """Do it; returns how many rows went over, and what ``undo`` needs, as JSON."""

    def undo(self, leaving: Any, staying: Any, kept: Any, moment: Moment) -> None:
        """Put everything back. Raises ``MergeContradicted`` when later work stands in the way."""


OnMerge = Moves | Stays | Hook


@dataclass(frozen=True)
class ClientBound:
    """A model whose rows belong to a client: ``path`` is the lookup from the row to the client.

    ``on_merge`` says what becomes of them when two clients are merged; without it they move.
    """

    model: str
    path: str = "client"
    on_merge: OnMerge | None = None
    #: Whether the client is told of these rows when he asks what is on file; judgements of ours are not told.
    is_told: bool = True
    #: Whether hardly anybody may know that there is such a row: it goes along in merges and erasures without being counted.
    is_secret: bool = False
    #: Whether merges count these rows. Not where some are kept from some who see the client: who is recused from a complaint,
    #: or may not know what the client pays, would find it in the number.
    is_counted: bool = True

    @property
    def key(self) -> str:
        return f"{self.model.lower()}:{self.path}"

    @property
    def model_class(self) -> type[models.Model]:
        return apps.get_model(self.model)

    @property
    def right(self) -> str:
        """The right to see such rows; "" where it comes with the client."""
        meta = self.model_class._meta
        return f"{meta.app_label}.view_{meta.model_name}" if "view" in meta.default_permissions else ""

    def counts_for(self, reader: User) -> bool:
        """Whether a merge tells ``reader`` how many of these rows there are."""
        return self.is_counted and not self.is_secret and (not self.right or reader.has_perm(self.right))

    @property
    def is_keyed_by_client(self) -> bool:
        """Whether a client has one such row at most, under his own key."""
        return self.model_class._meta.pk is self.model_class._meta.get_field(self.path)

    @property
    def label(self) -> str:
        """What people call these rows."""
        return str(_LABELS.get(self.key) or self.model_class._meta.verbose_name_plural)

    def rows(self, client_id: int) -> models.QuerySet[models.Model]:
        """This client's rows."""
        return self.model_class._base_manager.filter(**{self.path: client_id})


_LABELS = {
    "clients.client:introduced_by_client": _("clients he introduced"),
    "clients.client:merged_into": _("clients merged into him before"),
}
_bound: dict[str, ClientBound] = {}


def bind(*kinds: ClientBound) -> None:
    """Name models of an app whose rows belong to a client."""
    for kind in kinds:
        _bound[kind.key] = kind


def bound() -> list[ClientBound]:
    """Every kind of row that belongs to a client, left apps first."""
    return list(_bound.values())
