"""Money-laundering grades and suspicion as sets. Who has no right to them finds none here, whatever door he comes by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import DateField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Coalesce

from clients.querysets.scope import client_q

if TYPE_CHECKING:
    from clients.models import AmlGrade, SuspicionFlag
    from crm.core.models import User
    from crm.core.policies import Figures

_SERVED = Q(client__status__in=["active", "dormant"], client__merged_into=None, client__erased_on=None)


class AmlGradeQuerySet(models.QuerySet["AmlGrade"]):
    def visible_to(self, user: User | AnonymousUser) -> AmlGradeQuerySet:
        """For compliance and the head of the branch; nobody else has the right, and none of these rows."""
        if not user.is_authenticated or not user.has_perm("clients.view_amlgrade"):
            return self.none()
        return self.filter(client_q(user, "client__"))

    def present(self) -> AmlGradeQuerySet:
        return self.filter(is_present=True)

    def for_list(self) -> AmlGradeQuerySet:
        return self.select_related("client__branch", "graded_by")

    def standing(self) -> AmlGradeQuerySet:
        """The present grades of clients who are still served."""
        return self.present().filter(_SERVED)

    def changed(self) -> AmlGradeQuerySet:
        """Whose key identity facts are other now than at the grading."""
        from clients.models.aml import KEY_FACTS

        same = Q(seen_id_index=F("client__id_index"))
        for name in KEY_FACTS:
            same &= Q(**{f"seen_{name}": F(f"client__{name}")})
        return self.standing().exclude(same)

    def overdue(self, today: date) -> AmlGradeQuerySet:
        return self.standing().filter(review_on__lt=today)

    def due_between(self, today: date, until: date) -> AmlGradeQuerySet:
        """Reviews that are not late yet and due by ``until``."""
        return self.standing().filter(review_on__gte=today, review_on__lte=until)


class SuspicionFlagQuerySet(models.QuerySet["SuspicionFlag"]):
    def visible_to(self, user: User | AnonymousUser) -> SuspicionFlagQuerySet:
        """For compliance alone."""
        if not user.is_authenticated or not user.has_perm("clients.view_suspicionflag"):
            return self.none()
        return self.filter(client_q(user, "client__"))

    def standing(self) -> SuspicionFlagQuerySet:
        return self.filter(lifted_at=None)


#: Clients without a day of opening count as opened on the first of all days.
_NEVER = date(1990, 1, 1)


def ungraded(user: User) -> Any:
    """Clients served whom nobody has graded, the longest open first, for those who may see grades."""
    from clients.models import AmlGrade, Client

    if not user.has_perm("clients.view_amlgrade"):
        return Client.objects.none()
    rows = Client.objects.visible_to(user).filter(status__in=["active", "dormant"], erased_on=None)
    rows = rows.filter(~Exists(AmlGrade.objects.present().filter(client=OuterRef("pk"))))
    since = Coalesce("opened_on", Value(_NEVER), output_field=DateField())
    return rows.annotate(aml_since=since).select_related("branch")


def late_since(today: date, first_due: Callable[[date], date]) -> date:
    """Who opened on this day or before should have been graded by now; ``first_due`` says by when an opening is graded."""
    day = today
    while first_due(day) >= today:
        day -= timedelta(days=1)
    return day


def gradings_due(user: User, state: str, today: date, known: Figures) -> AmlGradeQuerySet:
    """Present gradings that ask for something: ``overdue``, ``changed`` (key identity facts), ``soon`` (figure
    ``aml.remind_days``); anything else: all of them."""
    from clients.models import AmlGrade

    rows: AmlGradeQuerySet = AmlGrade.objects.visible_to(user).for_list()
    if state == "overdue":
        return rows.overdue(today)
    if state == "changed":
        return rows.changed()
    if state == "soon":
        return rows.due_between(today, today + timedelta(days=known.days("aml.remind_days")))
    return rows.standing()
