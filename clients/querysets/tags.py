"""Tags, who carries them, and how they came about, as sets."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Cast, JSONObject

from clients.querysets.scope import client_q
from crm.core.querysets.aside import compiled_for, listed_aside

if TYPE_CHECKING:
    from clients.models import Client, ClientTag, IndexLevel, Tag, TagChange, TagRun
    from crm.core.models import Branch, User

#: How long a bulk change can be taken back by its notice.
UNDO_FOR = timedelta(minutes=10)


class TagQuerySet(models.QuerySet["Tag"]):
    def visible_to(self, user: User | AnonymousUser) -> TagQuerySet:
        """Computed tags, those of the company, and those of the branches whose clients one may see; nothing without a reach."""
        if not user.is_authenticated or not user.scope.reaches:
            return self.none()
        scope = user.scope
        own = Q(company_id=scope.company_id) if scope.company_id else Q(pk__in=[])
        if not scope.sees_company:
            own &= Q(branch=None) | Q(branch_id__in=scope.branch_ids)
        return self.filter(~Q(code="") | own)

    def computed(self) -> TagQuerySet:
        return self.exclude(code="")

    def manual(self) -> TagQuerySet:
        return self.filter(code="")

    def in_use(self) -> TagQuerySet:
        return self.filter(is_active=True)

    def named(self, name: str) -> list[int]:
        """Keys of the tags that are called ``name`` in the reader's language."""
        wanted = name.casefold()
        return [tag.pk for tag in self.filter(Q(name__iexact=name) | ~Q(code="")) if str(tag).casefold() == wanted]

    def settable_by(self, user: User) -> list[Any]:
        """Manual tags that ``user`` may put on a client or take away, by name."""
        if not user.has_perm("clients.set_tag"):
            return []
        rows = self.visible_to(user).manual().in_use().order_by("name", "pk")
        return [tag for tag in rows if tag.may_be_set_by(user.role_keys)]


class ClientTagQuerySet(models.QuerySet["ClientTag"]):
    def visible_to(self, user: User) -> ClientTagQuerySet:
        return self.filter(client_q(user, "client__"))

    def computed(self) -> ClientTagQuerySet:
        return self.exclude(family="")

    def manual(self) -> ClientTagQuerySet:
        return self.filter(family="")

    def shown(self) -> ClientTagQuerySet:
        """With their tags; those that people set come first, then the families in order."""
        return self.select_related("tag", "set_by").order_by("family", "tag__name", "tag_id")


@compiled_for("clients.Client")
def tags_aside() -> Subquery:
    """The tags of the client of the outer row, in the same statement: whoever sees a client sees what he carries."""
    from clients.models import ClientTag

    row = JSONObject(
        pk="pk",
        family="family",
        value=Cast("value", models.CharField()),  # as text: a figure of JSON would come back as a float
        count="count",
        code="tag__code",
        name="tag__name",
        palette="tag__palette",
    )
    return listed_aside(ClientTag.objects.filter(client=OuterRef("pk")), "client", row)


def tags_along(client: Client) -> list[ClientTag]:
    """The tags that came with a client of ``with_tags``, those that people have set first. Made to be shown, not to be saved."""
    from clients.models import ClientTag, Tag

    rows = sorted(client.tag_rows or [], key=lambda row: (row["family"], row["pk"]))  # type: ignore[attr-defined]  # annotated
    return [
        ClientTag(
            tag=Tag(code=row["code"], name=row["name"], palette=row["palette"]),
            family=row["family"],
            value=None if row["value"] is None else Decimal(row["value"]).quantize(Decimal("0.01")),
            count=row["count"],
        )
        for row in rows
    ]


class TagChangeQuerySet(models.QuerySet["TagChange"]):
    def visible_to(self, user: User | AnonymousUser) -> TagChangeQuerySet:
        """One's own: they are there to be taken back."""
        return self.filter(actor=user) if user.is_authenticated else self.none()

    def undoable(self, now: datetime) -> TagChangeQuerySet:
        return self.filter(undone_at=None, at__gte=now - UNDO_FOR)


class TagRunQuerySet(models.QuerySet["TagRun"]):
    def covers(self, branch: Branch, day: date) -> bool:
        """Whether the tags of the branch have been computed for ``day`` or a later one."""
        return self.filter(branch=branch, day__gte=day).exists()


class IndexLevelQuerySet(models.QuerySet["IndexLevel"]):
    def visible_to(self, user: User | AnonymousUser) -> IndexLevelQuerySet:
        """The market is the same for everybody who works here."""
        return self if user.is_authenticated and user.scope.reaches else self.none()
