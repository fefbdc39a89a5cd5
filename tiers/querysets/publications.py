"""Publications and their recipients as sets, and who belongs to the audience of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from clients.querysets import client_q
from clients.querysets.consents import refuses_marketing
from clients.suitability import suits_q
from crm.core.access import branch_q
from crm.core.models import Branch
from crm.core.policies import figures
from tiers.querysets.menus import belongs_q

if TYPE_CHECKING:
    from crm.core.models import User
    from tiers.models import Publication, Recipient


class PublicationQuerySet(models.QuerySet["Publication"]):
    def visible_to(self, user: User) -> PublicationQuerySet:
        """Those of the branches that the reader reaches; what is in preparation only for who may send."""
        found = self.filter(branch_q(user, reach_of_book=True))
        return found if user.has_perm("tiers.add_publication") else found.exclude(state="draft")

    def for_list(self) -> PublicationQuerySet:
        return self.select_related("branch", "item", "made_by", "sent_by", "delivery")

    def with_progress(self, user: User) -> PublicationQuerySet:
        """Each with ``reached`` and ``waiting``: recipients whom the reader sees."""
        from tiers.models import Recipient

        rows = Recipient.objects.visible_to(user).filter(publication=OuterRef("pk")).order_by()

        def counted(found: Any) -> Any:
            return Coalesce(Subquery(found.values("publication").annotate(n=Count("pk")).values("n")), 0)

        return self.annotate(
            reached=counted(rows.filter(state__in=["sent", "told"])),
            waiting=counted(rows.filter(state__in=["chosen", "written", "call"])),
        )

    def in_force(self, day: date) -> PublicationQuerySet:
        return self.filter(state="sent", valid_from__lte=day, valid_until__gte=day)


class RecipientQuerySet(models.QuerySet["Recipient"]):
    def visible_to(self, user: User) -> RecipientQuerySet:
        return self.filter(client_q(user, "client__"))

    def for_list(self) -> RecipientQuerySet:
        return self.select_related("client__branch", "client__advisor", "publication", "told_by")

    def by_state(self) -> dict[str, int]:
        """How many are in each state; states that nobody is in are not named."""
        return dict(self.order_by().values_list("state").annotate(n=Count("pk")))

    def by_reason(self) -> dict[str, int]:
        """How many were left out or held back, by the code of the reason."""
        rows = self.filter(state__in=["left_out", "held"]).order_by()
        return dict(rows.values_list("reason").annotate(n=Count("pk")))

    def given(self) -> RecipientQuerySet:
        """What a client got or is about to get."""
        return self.filter(publication__state="sent", state__in=["written", "sent", "call", "told"])

    def to_write(self) -> RecipientQuerySet:
        """Publications that are out, and whose message is not written yet; the oldest first."""
        return self.filter(state="chosen", publication__state="sent").order_by("pk")

    def not_to_call(self, day: date) -> RecipientQuerySet:
        """Waiting calls against which something has come up since the sending, each with the code of it as ``against``."""
        from clients.models import Client

        calls = self.filter(state="call", publication__state="sent")
        risks = calls.exclude(publication__risk="").order_by().values_list("publication__branch", "publication__risk")
        branches = Branch.objects.in_bulk({branch for branch, _risk in risks.distinct()})
        reach = {key: figures(day, branch).json("suitability.match") for key, branch in branches.items()}
        found = [
            (Q(publication__valid_until__lt=day), "over"),
            (Q(client__restricted_on__isnull=False), "restricted"),
            (~Q(client__status__in=["active", "dormant"]), "not_served"),
            (Q(client__do_not_contact=True), "do_not_contact"),
            (
                ~Q(publication__item__isnull=False, publication__item__kind="basic")
                & Q(client__in=Client.objects.filter(refuses_marketing())),
                "no_consent",
            ),
            *(
                (
                    Q(publication__branch=branch, publication__risk=risk)
                    & ~Q(client__in=Client.objects.filter(suits_q(risk, day, reach[branch]))),
                    "risk",
                )
                for branch, risk in risks.distinct()
            ),
            (Q(client__forbidden_channels__contains="phone"), "forbidden_channel"),
        ]
        against = Case(*(When(q, then=Value(code)) for q, code in found), default=Value(""), output_field=CharField())
        return calls.annotate(against=against).exclude(against="")

    def to_call(self, user: User, day: date) -> RecipientQuerySet:
        """Whom the reader himself is to tell by phone while it is worth telling and he may be called."""
        mine = self.filter(client__advisor_id__in=user.scope.acting_ids, state="call")
        open_ = mine.filter(client__do_not_contact=False, client__restricted_on=None)
        return open_.filter(publication__state="sent", publication__valid_until__gte=day)


def members(publication: Publication, segments: Sequence[Any], user: User, now: datetime) -> Any:
    """Clients of the preference segments in the branch, as ``user`` sees them now, each once."""
    from clients.models import Client

    belongs = Q(pk__in=[])
    for segment in segments:
        belongs |= belongs_q(segment, user, now)
    return Client.objects.visible_to(user).filter(belongs, branch=publication.branch_id).order_by()


def entitled_q(item: Any, day: date) -> Q:
    """Clients whose tier may have the service on ``day``; everybody where it is a basic one."""
    from tiers.models import Entitlement, ServiceItem

    if item.kind == ServiceItem.Kind.BASIC:
        return Q()
    rows = Entitlement.objects.in_force(day).filter(
        item=item,
        tier_code=OuterRef("tier_state__tier__code"),
        programme_code=OuterRef("tier_state__programme__code"),
    )
    return Q(Exists(rows))
