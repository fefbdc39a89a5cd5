"""Calls, findings and surveys as sets."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Avg, Count, Q

from clients.querysets import client_q
from crm.core.access import NOTHING, branch_q

if TYPE_CHECKING:
    from crm.core.models import User

_OPEN = ("due", "in_progress", "unable_proposed", "missed")
#: Promoters answer 9 or 10, detractors 0 to 6 (Net Promoter Score).
_PROMOTER, _DETRACTOR = 9, 6


class ProgrammeQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> ProgrammeQuerySet:
        if not user.is_authenticated:
            return self.none()
        return self.filter(company_id=user.scope.company_id) if user.scope.company_id else self.none()


class FollowUpCallQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> FollowUpCallQuerySet:
        """Calls to the clients that the reader may see; what was answered is a right of its own."""
        return self.filter(client_q(user, "client__"))

    def open(self) -> FollowUpCallQuerySet:
        return self.filter(state__in=_OPEN)

    def callable_on(self, today: date) -> FollowUpCallQuerySet:
        """Calls that may be made today: due or begun, not put off to a later day, client not on the do-not-contact list."""
        return self.filter(
            state__in=["due", "in_progress", "missed"], not_before__lte=today, client__do_not_contact=False
        )

    def for_caller(self, caller: User) -> FollowUpCallQuerySet:
        """Calls this caller may make: free ones and his own, never to a client he serves or introduced."""
        free = Q(caller=None) | Q(caller=caller)
        return self.filter(free).exclude(client__advisor=caller).exclude(client__introducer=caller)

    def overdue(self, today: date) -> FollowUpCallQuerySet:
        return self.open().filter(due_on__lt=today)

    def occasions_of(self, calls: list[Any]) -> set[tuple[int, int, str]]:
        """Client, programme and occasion of those among ``calls`` that are on file already, whoever planned them."""
        found = self.filter(
            client_id__in={call.client_id for call in calls}, occurrence_key__in={call.occurrence_key for call in calls}
        )
        return set(found.values_list("client_id", "programme_id", "occurrence_key"))

    def in_order_of_duty(self) -> FollowUpCallQuerySet:
        """What a caller ought to do first: what he has begun, then by the day it is due."""
        begun = models.Case(models.When(state="in_progress", then=0), default=1)
        return self.order_by(begun, "due_on", "pk")

    def for_list(self) -> FollowUpCallQuerySet:
        return self.select_related("client", "client__branch", "programme", "caller")


class FindingQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> FindingQuerySet:
        """Findings go to those who see a branch or the company, never to the client's own advisor."""
        reach = branch_q(user, "call__client__branch")
        return self.filter(reach).exclude(call__client__advisor=user) if reach != NOTHING else self.none()


class SurveyInvitationQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> SurveyInvitationQuerySet:
        """Surveys of the branch or company; of complaints only those whose complaint the reader may see."""
        from complaints.models import Complaint

        reach = branch_q(user)
        if reach == NOTHING:
            return self.none()
        return self.filter(reach).filter(Q(complaint=None) | Q(complaint__in=Complaint.objects.visible_to(user)))

    def answered(self) -> SurveyInvitationQuerySet:
        return self.filter(state="answered")

    def results(self) -> dict[str, Any]:
        """Mean satisfaction, net promoter score from −100 to 100, and how many answered of how many asked."""
        found = self.aggregate(
            asked=Count("pk"),
            answered=Count("answer"),
            satisfaction=Avg("answer__satisfaction"),
            promoters=Count("answer", filter=Q(answer__recommendation__gte=_PROMOTER)),
            detractors=Count("answer", filter=Q(answer__recommendation__lte=_DETRACTOR)),
        )
        given = found["answered"]
        found["nps"] = round((found["promoters"] - found["detractors"]) * 100 / given) if given else None
        return found
