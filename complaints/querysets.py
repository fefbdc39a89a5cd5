"""Complaints as sets. Recusal lives here: nobody sees a complaint about himself, nor does anybody below him."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import RowNumber

from clients.querysets import client_q
from crm.core.access import NOTHING, branch_q

if TYPE_CHECKING:
    from complaints.models import Complaint, ComplaintClock, ComplaintEvent
    from crm.core.models import User

#: No house has more levels; a ring of managers ends here as well.
_TALLEST = 10
_ENDED = ("closed", "not_accepted", "transferred", "withdrawn")


def complaint_q(user: User, prefix: str = "") -> Q:
    """Complaints of the own branch (or company) for roles that see it, those of own clients for the others, without any
    complaint about the reader or about somebody above him."""
    if not user.is_authenticated:
        return NOTHING
    reach = branch_q(user, f"{prefix}branch")
    if reach == NOTHING:
        reach = client_q(user, f"{prefix}client__")
        if reach != NOTHING:
            reach &= Q(**{f"{prefix}client__isnull": False})
    return reach & ~recused_q(user, prefix)


#: Everybody above somebody, level by level; a ring ends at the tallest.
_SUPERIORS = """WITH RECURSIVE up(id, level) AS (SELECT m.manager_id, 1 FROM core_user m WHERE m.id = %s
 UNION ALL SELECT m.manager_id, up.level + 1 FROM core_user m JOIN up ON m.id = up.id WHERE up.level < %s)
 SELECT %s UNION SELECT id FROM up WHERE id IS NOT NULL"""


def recused_q(user: User, prefix: str = "") -> Q:
    """Complaints that a member of staff must keep away from; asked inside the statement, not by one more for each level."""
    about: Any = (user.pk,) if user.manager_id is None else RawSQL(_SUPERIORS, (user.pk, _TALLEST - 1, user.pk))  # noqa: S611  # ours
    return Q(**{f"{prefix}complained_of_id__in": about}) & Q(**{f"{prefix}complained_of__isnull": False})


def self_and_superiors(person: User) -> tuple[int, ...]:
    """The keys of a member of staff and of everybody above him: complaints about these are not his to see or handle."""
    from crm.core.models import User as Staff

    chain, above = [person.pk], person.manager_id
    while above is not None and above not in chain and len(chain) < _TALLEST:
        chain.append(above)
        above = Staff.objects.filter(pk=above).values_list("manager_id", flat=True).first()
    return tuple(chain)


class ComplaintQuerySet(models.QuerySet["Complaint"]):
    def visible_to(self, user: User) -> ComplaintQuerySet:
        return self.filter(complaint_q(user))

    def open(self) -> ComplaintQuerySet:
        return self.exclude(state__in=_ENDED)

    def by_state(self) -> dict[str, int]:
        """How many complaints stand in each state."""
        return dict(self.order_by().values_list("state").annotate(found=Count("pk")).values_list("state", "found"))

    def most_pressing(self) -> ComplaintQuerySet:
        """Those whose running clocks end first come first; then the oldest."""
        ends = models.Subquery(
            ComplaintClockQuerySet.running_of(models.OuterRef("pk")).order_by("due_on").values("due_on")[:1]
        )
        return self.annotate(ends_on=ends).order_by(models.F("ends_on").asc(nulls_last=True), "received_at", "pk")

    def board(self, states: tuple[str, ...], count: int) -> ComplaintQuerySet:
        """The ``count`` most pressing of each of the states, in one statement, in the order of pressing."""
        pressing = self.filter(state__in=states).most_pressing()
        place = models.Window(
            RowNumber(),
            partition_by=models.F("state"),
            order_by=[models.F("ends_on").asc(nulls_last=True), models.F("received_at").asc(), models.F("pk").asc()],
        )
        return pressing.annotate(place=place).filter(place__lte=count)

    def closed_since(self, moment: datetime) -> ComplaintQuerySet:
        """Complaints that came to their proper end at or after ``moment``."""
        return self.filter(state="closed", closed_at__gte=moment)

    def overdue(self, today: date) -> ComplaintQuerySet:
        """Open complaints with a clock that has run out."""
        return self.open().filter(
            models.Exists(ComplaintClockQuerySet.running_of(models.OuterRef("pk")).filter(due_on__lt=today))
        )

    def overdue_by_handler(self, today: date) -> models.QuerySet[Complaint, Mapping[str, Any]]:
        """How many overdue complaints each handler has; those without a handler under None."""
        return (
            self.overdue(today)
            .values("handler__public_id", "handler__name")
            .annotate(overdue=Count("pk"))
            .order_by("-overdue", "handler__name")
        )

    def with_clocks(self) -> ComplaintQuerySet:
        return self.prefetch_related("clocks")

    def for_list(self) -> ComplaintQuerySet:
        """With everything that a line, a card or an answer tells."""
        people = ("handler", "complained_of", "registered_by")
        return self.select_related("client", "branch", *people).prefetch_related("clocks")

    def clusters(self, since: datetime, count: int) -> models.QuerySet[Complaint, Mapping[str, Any]]:
        """Subjects of a branch that came up at least ``count`` times since ``since``."""
        return (
            self.filter(received_at__gte=since)
            .values("branch__code", "branch__name", "subject")
            .annotate(found=Count("pk"))
            .filter(found__gte=count)
            .order_by("-found", "branch__code", "subject")
        )


class ComplaintClockQuerySet(models.QuerySet["ComplaintClock"]):
    def visible_to(self, user: User) -> ComplaintClockQuerySet:
        return self.filter(complaint_q(user, "complaint__"))

    def running(self) -> ComplaintClockQuerySet:
        return self.filter(stopped_at=None)

    @staticmethod
    def running_of(complaint: Any) -> ComplaintClockQuerySet:
        """Running clocks of one complaint; takes an ``OuterRef``."""
        from complaints.models import ComplaintClock

        return ComplaintClock.objects.filter(complaint=complaint, stopped_at=None)

    def to_escalate(self, today: date) -> ComplaintClockQuerySet:
        """Clocks that ran out and were not yet put before the manager."""
        return self.running().filter(due_on__lt=today, escalated_at=None)


class ComplaintEventQuerySet(models.QuerySet["ComplaintEvent"]):
    def visible_to(self, user: User) -> ComplaintEventQuerySet:
        return self.filter(complaint_q(user, "complaint__"))
