"""Clients as sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from clients.days import comes_round
from clients.querysets.scope import client_q, sees_names
from clients.querysets.tags import tags_aside
from crm.core.querysets.aside import compiled_for

if TYPE_CHECKING:
    from clients.models import AdvisorAssignment, Client, RiskAssessment
    from clients.querysets.search import Hits
    from crm.core.models import User

#: Orders of a list, each served by an index and ending in a unique column.
ORDERS: dict[str, tuple[str, ...]] = {
    "-assets": ("-total_assets", "-id"),
    "assets": ("total_assets", "id"),
    "name": ("pinyin", "id"),
    "-name": ("-pinyin", "-id"),
    "-new": ("-id",),
    "new": ("id",),
}
#: Whose assets have gone is lost although his account is still open; nobody counts as both served and lost.
_LOST = Q(status="closed") | Q(stage="lost")
_STAYING = Q(status__in=["active", "dormant"], restricted_on=None) & ~Q(stage="lost")
#: Where a client stands whom nobody has ever contacted.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
NOT_LISTED = (
    "phone",
    "id_number",
    "email",
    "address",
    "name_grams",
    "phone_index",
    "id_index",
    "initials",
    "do_not_contact_reason",
    "provenance",
    "integrity_note",
    "avoid_topics",
)
#: What the lists show of a client; a column that shows more names it here. Fifty whole rows cost twice as much to make.
LISTED = (
    "public_id",
    "branch",
    "external_id",
    "kind",
    "status",
    "name",
    "phone_tail",
    "city",
    "birth_date",
    "age_on_file",
    "opened_on",
    "risk_grade",
    "risk_valid_until",
    "id_valid_until",
    "total_assets",
    "last_contact_at",
    "next_contact_on",
    "do_not_contact",
    "restricted_on",
    "advisor__name",
    "quality__score",
)


#: What a row of the list over REST says, besides what it is sorted by.
TOLD = (
    "public_id",
    "external_id",
    "kind",
    "status",
    "name",
    "phone_tail",
    "risk_grade",
    "risk_valid_until",
    "do_not_contact",
    "investor_class",
    "investor_class_until",
    "total_assets",
    "assets_on",
    "last_contact_at",
    "next_contact_on",
    "updated_at",
    "advisor__public_id",
    "advisor__staff_number",
    "advisor__name",
)


class ClientQuerySet(models.QuerySet["Client"]):
    def visible_to(self, user: User | AnonymousUser) -> ClientQuerySet:
        """Clients in the user's reach; one who was merged into another is seen there."""
        return self.filter(client_q(user), merged_into=None)

    def search(self, typed: str, user: User | None) -> ClientQuerySet:
        """What the search box finds: part of a name, pinyin, initials, numbers and their last four characters.

        By name only for those who see names; nobody (None) sees none.
        """
        from clients.querysets.search import Hits

        return self.filter(Hits.of(typed, user).q)

    def ranked(self, hits: Hits, user: User) -> tuple[ClientQuerySet, tuple[str, ...]]:
        """The rows with their place among the hits, and the order: the best hits, then the own book, then assets."""
        own = Case(
            When(advisor_id__in=user.scope.acting_ids, then=Value(0)), default=Value(1), output_field=IntegerField()
        )
        return self.annotate(place=hits.place, whose=own), ("place", "whose", "-total_assets", "-id")

    def in_order(self, sort: str, user: User) -> tuple[ClientQuerySet, tuple[str, ...]]:
        """The rows with what an order needs, and the order: -assets, assets, name, contact (longest silent first),
        quality (worst known first), new.

        Masked names give no order: it would tell what they begin with; nor does a score that the user may not see.
        """
        seen = {"name": sees_names(user), "quality": user.has_perm("clients.view_clientquality")}
        if not seen.get(sort.lstrip("-"), True):
            sort = ""
        if sort.lstrip("-") == "quality":
            scored = self.only("pk").annotate(scored=Coalesce("quality__score", Value(0)))
            return scored, ("-scored", "-id") if sort.startswith("-") else ("scored", "id")
        if sort.lstrip("-") != "contact":
            order = ORDERS.get(sort, ORDERS["-assets"])
            # Nothing beside what the index of the order holds: then it answers without the table.
            return self.only(*(column.lstrip("-") for column in order)), order
        contacted = Coalesce("last_contact_at", Value(_NEVER), output_field=models.DateTimeField())
        order = ("-contacted", "-id") if sort.startswith("-") else ("contacted", "id")
        return self.only("pk").annotate(contacted=contacted), order

    def for_list(
        self, ids: list[int], *, hits: Hits | None = None, along: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """The rows of one page of a list, in the order of ``ids``; sealed values and search words stay where they are.

        With ``hits`` each row has ``found_by``: by what it was found; ``along``: what else each has, as expressions by name.
        """
        rows = self.filter(pk__in=ids).select_related("advisor", "quality").only(*LISTED)
        if hits is not None:
            rows = rows.annotate(found_by=hits.found_by)
        if along:
            rows = rows.annotate(**along)
        found = {row.pk: row for row in rows}
        return [found[pk] for pk in ids if pk in found]

    def told(self) -> ClientQuerySet:
        """For a list over REST: a client has a hundred columns, of which such a list says few."""
        return self.select_related("advisor").only(*TOLD)

    def merged_away(self, user: User) -> ClientQuerySet:
        """Clients who were merged into one whom the user may see."""
        return self.filter(client_q(user, "merged_into__"))

    def gone_since(self, moment: datetime, user: User) -> ClientQuerySet:
        """Clients who have left the user's sight since ``moment``: merged into one whom he sees, or out of his own book."""
        from clients.models import AdvisorAssignment

        left = AdvisorAssignment.objects.filter(advisor_id__in=user.scope.acting_ids, until__gt=moment)
        merged = client_q(user, "merged_into__") & Q(merged_into__isnull=False, updated_at__gt=moment)
        out_of_book = Q(pk__in=left.values("client_id"), merged_into=None) & ~client_q(user)
        return self.filter(merged | out_of_book).select_related("merged_into")

    def served(self) -> ClientQuerySet:
        """Clients that the branch still serves: neither closed nor suspended."""
        return self.filter(status__in=["active", "dormant"], restricted_on=None)

    def staying(self) -> ClientQuerySet:
        """Served, and not lost: what the branch counts as its clients."""
        return self.filter(_STAYING)

    def not_closed(self) -> ClientQuerySet:
        """Whose accounts are not closed, served or not: those whom tiers are counted of."""
        return self.exclude(status="closed")

    def lost(self) -> ClientQuerySet:
        """Closed, or with assets gone although the account is open."""
        return self.filter(_LOST)

    def unchangeable(self) -> ClientQuerySet:
        """Whom ``Client.refuse_change`` refuses: merged into another, or restricted to storage."""
        return self.filter(~Q(merged_into=None) | ~Q(restricted_on=None))

    def without_advisor(self) -> ClientQuerySet:
        return self.served().filter(advisor=None)

    def contact_due(self, today: date) -> ClientQuerySet:
        """Clients whom somebody promised to contact by today."""
        return self.served().filter(next_contact_on__lte=today, do_not_contact=False)

    def silent_since(self, moment: datetime) -> ClientQuerySet:
        """Clients nobody has spoken with since ``moment``."""
        return self.served().filter(Q(last_contact_at__lt=moment) | Q(last_contact_at=None))

    def contactable(self) -> ClientQuerySet:
        """Without those who asked not to be contacted, and without those whose data are only stored."""
        return self.filter(do_not_contact=False, restricted_on=None)

    def refusing(self, fact: str) -> ClientQuerySet:
        """Clients who refused to give the fact ``fact``."""
        return self.filter(**{f"provenance__{fact}__refused": True})

    def document_expiring(self, until: date) -> ClientQuerySet:
        """Clients with an identity document valid no longer than ``until``, those already expired among them."""
        return self._with_document(None, until)

    def _with_document(self, low: date | None, high: date) -> ClientQuerySet:
        """Clients served with any document, the primary or another, whose last day lies between the two, both included."""
        from clients.models import IdentityDocument

        span = {"lte": high} | ({"gte": low} if low else {})
        own = self.model.objects.filter(**{f"id_valid_until__{name}": day for name, day in span.items()})
        others = IdentityDocument.objects.present().filter(is_primary=False)
        others = others.filter(**{f"valid_until__{name}": day for name, day in span.items()})
        # One set, found by the days: a condition of two parts would be tried on every client.
        return self.served().filter(pk__in=own.values("pk").union(others.values("client_id"), all=True))

    def carrying(self, tags: Iterable[int]) -> ClientQuerySet:
        """Clients who carry every one of these tags (by primary key)."""
        from clients.models import ClientTag

        found = self
        for tag in tags:
            found = found.filter(Exists(ClientTag.objects.filter(tag_id=tag, client=OuterRef("pk"))))
        return found

    def document_state(self, state: str, today: date, limit_after: int, ahead: int) -> ClientQuerySet:
        """Clients whose document expired ``limit_after`` days ago (limit), has expired, runs out within ``ahead`` days (soon),
        or any of these (empty). The first day without a valid document is the day after its last."""
        limit = today - timedelta(days=limit_after)
        if state == "limit":
            return self.document_expiring(limit)
        if state == "expired":
            return self.document_expiring(today - timedelta(days=1))
        return self._with_document(today if state == "soon" else None, today + timedelta(days=ahead))

    def with_day_ahead(self, today: date, ahead: int) -> ClientQuerySet:
        """Clients with a birthday or the anniversary of their first day from today to ``ahead`` days on."""
        born = Q(kind="person") & comes_round("birth_date", today, ahead)
        since = Q(opened_on__year__lt=today.year) & comes_round("opened_on", today, ahead)
        return self.served().filter(born | since)

    def needs_asked_since(self, day: date) -> ClientQuerySet:
        """Clients whose present needs were asked on ``day`` or later."""
        from clients.models import NeedsInterview

        return self.filter(Exists(NeedsInterview.objects.asked_since(day).filter(client=OuterRef("pk"))))

    def needs_stale(self, day: date) -> ClientQuerySet:
        """Clients the branch serves whose needs nobody has asked since ``day``, or ever."""
        from clients.models import NeedsInterview

        return self.served().filter(~Exists(NeedsInterview.objects.asked_since(day).filter(client=OuterRef("pk"))))

    def needs_freshness(self, day: date) -> models.QuerySet[Client, Mapping[str, Any]]:
        """Per colleague with a book: clients served, and those whose needs were asked on ``day`` or later."""
        from clients.models import NeedsInterview

        asked = Exists(NeedsInterview.objects.asked_since(day).filter(client=OuterRef("pk")))
        rows = self.served().filter(advisor__isnull=False).order_by()
        return (
            rows.values("advisor__public_id", "advisor__name", "advisor__staff_number")
            .annotate(served=Count("pk"), fresh=Count("pk", filter=asked))
            .order_by("advisor__staff_number")
        )

    def staying_by_year(self) -> models.QuerySet[Client, Mapping[str, Any]]:
        """Per year of opening (None: not on file): how many clients there were, stayed, are at risk, and are lost."""
        return (
            self.order_by()
            .values("opened_on__year")
            .annotate(
                clients=Count("pk"),
                served=Count("pk", filter=_STAYING),
                at_risk=Count("pk", filter=_STAYING & Q(stage="at_risk")),
                lost=Count("pk", filter=_LOST),
                assets=Sum("total_assets"),
            )
            .order_by(F("opened_on__year").desc(nulls_last=True))
        )

    def needs_unknown(self) -> ClientQuerySet:
        """Clients the branch serves whose needs nobody has ever asked."""
        return self.needs_stale(date.min)

    def with_needs_day(self) -> ClientQuerySet:
        """Each client with ``needs_on``: when his needs were last asked (None: never)."""
        from clients.models import NeedsInterview

        present = NeedsInterview.objects.present().filter(client=OuterRef("pk"))
        return self.annotate(needs_on=Subquery(present.values("taken_on")[:1]))

    def scored_between(self, low: int, high: int) -> ClientQuerySet:
        """Clients whose quality score lies between the two, both included."""
        return self.filter(quality__score__gte=low, quality__score__lte=high)

    def wanting(self, item: str) -> ClientQuerySet:
        """Clients of whom ``item`` is missing, not verified or out of date."""
        from clients.models import ClientQuality

        return self.filter(Exists(ClientQuality.objects.wanting(item).filter(client=OuterRef("pk"))))

    def risk_expiring(self, today: date, until: date) -> ClientQuerySet:
        return self.served().filter(risk_valid_until__gte=today, risk_valid_until__lte=until)

    def with_ratio_below(self, line: Decimal) -> ClientQuerySet:
        """Clients with a live credit account whose collateral ratio lies below ``line``."""
        from clients.models import Account

        return self.filter(Exists(Account.objects.below_line(line).filter(client=OuterRef("pk"))))

    def who_may_trade(self, code: str) -> ClientQuerySet:
        """Clients with this trading permission open."""
        from clients.models import TradingPermission

        return self.filter(Exists(TradingPermission.objects.in_force().filter(client=OuterRef("pk"), code=code)))

    def with_tags(self) -> ClientQuerySet:
        """With ``tag_rows``, from which ``tags_along`` makes the tags of each."""
        return self.annotate(tag_rows=tags_aside())

    def with_hold(self, user: User) -> ClientQuerySet:
        """With ``is_held``: whether a legal hold stands, for those who may know of holds; nobody else finds one."""
        return self.annotate(is_held=_held() if user.has_perm("clients.view_legalhold") else Value(False))

    def with_margin_ratio(self) -> ClientQuerySet:
        """With ``margin_ratio``: the lowest collateral ratio of the client's live credit accounts, None without one."""
        return self.annotate(margin_ratio=_lowest_ratio())


@compiled_for("clients.Client")
def _held() -> Exists:
    from clients.models import LegalHold

    return LegalHold.objects.all().of()


@compiled_for("clients.Client")
def _lowest_ratio() -> Subquery:
    from clients.models import Account

    owed = Account.objects.live().filter(client=OuterRef("pk"), margin_ratio__isnull=False)
    return Subquery(owed.order_by("margin_ratio").values("margin_ratio")[:1])


class RiskAssessmentQuerySet(models.QuerySet["RiskAssessment"]):
    def visible_to(self, user: User) -> RiskAssessmentQuerySet:
        return self.filter(client_q(user, "client__"))


class AdvisorAssignmentQuerySet(models.QuerySet["AdvisorAssignment"]):
    def visible_to(self, user: User) -> AdvisorAssignmentQuerySet:
        return self.filter(client_q(user, "client__"))

    def newest_first(self) -> AdvisorAssignmentQuerySet:
        return self.select_related("advisor", "assigned_by").order_by("-since", "-pk")
