"""Calls, findings and surveys as sets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Avg, Case, Count, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import TruncDate, TruncMonth

from clients.querysets import client_q, in_use_q
from crm.core.access import NOTHING, branch_q
from crm.core.clocks import SHANGHAI, at_local

if TYPE_CHECKING:
    from care.models import CallAttempt, CareProgramme, Finding, FollowUpCall, SurveyInvitation, SurveyRound
    from crm.core.models import User

_OPEN = ("due", "in_progress", "unable_proposed", "missed")
#: Promoters answer 9 or 10, detractors 0 to 6 (Net Promoter Score).
_PROMOTER, _DETRACTOR = 9, 6


def answers_closed_q(user: User, prefix: str = "") -> Q:
    """Calls (``prefix`` leads to them) whose answers are kept from a member of staff: he serves the client, or stands in for who
    does. Of these he learns that and when they are made, never what was said."""
    return Q(**{f"{prefix}client__advisor_id__in": user.scope.acting_ids})


class CareProgrammeQuerySet(models.QuerySet["CareProgramme"]):
    def visible_to(self, user: User) -> CareProgrammeQuerySet:
        if not user.is_authenticated:
            return self.none()
        return self.filter(company_id=user.scope.company_id) if user.scope.company_id else self.none()


class FollowUpCallQuerySet(models.QuerySet["FollowUpCall"]):
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

    def waiting_on(self, today: date) -> FollowUpCallQuerySet:
        """Calls that may be made today and that nobody has begun."""
        return self.callable_on(today).exclude(state="in_progress")

    def in_hands_of(self, caller: User) -> FollowUpCallQuerySet:
        """What this caller has begun."""
        return self.filter(caller=caller, state="in_progress").order_by("due_on", "pk")

    def awaiting_approval(self) -> FollowUpCallQuerySet:
        """Calls that somebody asked to count as unable."""
        return self.filter(state="unable_proposed")

    def progress_since(self, day: date) -> list[dict[str, Any]]:
        """For each programme, calls due on or after ``day``: wanted, done, unable, missed, and the share done in percent.

        Cancelled calls are not wanted any more.
        """
        rows = (
            self.filter(due_on__gte=day)
            .exclude(state="cancelled")
            .order_by()
            .values(code=models.F("programme__code"))
            .annotate(
                wanted=Count("pk"),
                done=Count("pk", filter=Q(state="done")),
                unable=Count("pk", filter=Q(state="unable")),
                missed=Count("pk", filter=Q(state="missed")),
            )
            .order_by("code")
        )
        return [{**row, "percent": row["done"] * 100 // row["wanted"]} for row in rows]

    def done_since(self, moment: datetime) -> FollowUpCallQuerySet:
        """Calls that were made at or after ``moment``."""
        return self.filter(state="done", done_at__gte=moment)

    def with_attempts(self) -> FollowUpCallQuerySet:
        return self.prefetch_related("attempts__caller").select_related("unable_proposed_by")

    def for_list(self) -> FollowUpCallQuerySet:
        return self.select_related("client", "client__branch", "programme", "caller")

    def for_page(self) -> FollowUpCallQuerySet:
        """With everything the call screen and the single resource show."""
        people = ("client__advisor", "client__introducer", "unable_proposed_by", "unable_approved_by")
        return self.for_list().select_related(*people).prefetch_related("attempts__caller", "answers__question")


class CallAttemptQuerySet(models.QuerySet["CallAttempt"]):
    def visible_to(self, user: User) -> CallAttemptQuerySet:
        """Attempts to reach the clients that the reader may see."""
        return self.filter(client_q(user, "call__client__"))


class FindingQuerySet(models.QuerySet["Finding"]):
    def visible_to(self, user: User) -> FindingQuerySet:
        """Findings go to those who see a branch or the company, never to the client's own advisor or who stands in for him."""
        reach = branch_q(user, "call__client__branch")
        if reach == NOTHING:
            return self.none()
        return self.filter(reach, in_use_q(user, "call__client__")).exclude(answers_closed_q(user, "call__"))

    def open(self) -> FindingQuerySet:
        return self.filter(state="open")

    def for_list(self) -> FindingQuerySet:
        return self.select_related(
            "call__client__branch",
            "call__programme",
            "call__caller",
            "answer__question",
            "closed_by",
            "needs_asked_by",
        )

    def with_needs(self) -> FindingQuerySet:
        """With ``needs_since``: the day of the first interview taken since the needs were wanted again, None without one."""
        from clients.models import NeedsInterview

        since = NeedsInterview.objects.asked_after(OuterRef("needs_asked_at"), OuterRef("needs_asked_on"))
        taken = since.filter(client=OuterRef("call__client"))
        rows = self.annotate(needs_asked_on=TruncDate("needs_asked_at", tzinfo=SHANGHAI))
        return rows.annotate(needs_since=Subquery(taken.order_by("created_at", "pk").values("taken_on")[:1]))


class SurveyRoundQuerySet(models.QuerySet["SurveyRound"]):
    def visible_to(self, user: User) -> SurveyRoundQuerySet:
        """Rounds of the branch or company."""
        return self.filter(branch_q(user)) if user.is_authenticated else self.none()

    def for_list(self) -> SurveyRoundQuerySet:
        """With how many were invited and answered, and the mean satisfaction."""
        answers = "invitations__answer"
        return self.select_related("branch", "made_by", "segment").annotate(
            invited=Count("invitations"), answered=Count(answers), satisfaction=Avg(f"{answers}__satisfaction")
        )


class SurveyInvitationQuerySet(models.QuerySet["SurveyInvitation"]):
    def visible_to(self, user: User) -> SurveyInvitationQuerySet:
        """Surveys of the branch or company; of complaints only those whose complaint the reader may see."""
        from complaints.models import Complaint

        reach = branch_q(user)
        if reach == NOTHING:
            return self.none()
        told = Q(complaint=None) | Q(complaint__in=Complaint.objects.visible_to(user))
        return self.filter(reach, in_use_q(user, "client__")).filter(told)

    def answered(self) -> SurveyInvitationQuerySet:
        return self.filter(state="answered")

    def for_list(self) -> SurveyInvitationQuerySet:
        return self.select_related("client", "complaint", "branch", "answer", "round")

    def unanswered(self, now: datetime) -> SurveyInvitationQuerySet:
        """Those that can still be answered."""
        return self.filter(state="invited", expires_at__gt=now)

    def without_letter(self, now: datetime) -> SurveyInvitationQuerySet:
        """Those of rounds whose letter is yet to be written, the oldest first."""
        waiting = self.unanswered(now).filter(occasion="round", sent_by_channel="", held_back="")
        return waiting.select_related("branch", "client__branch", "round").order_by("pk")

    def by_month(self, now: datetime, months: int) -> list[dict[str, Any]]:
        """Answers by local month, the last ``months`` with answers: mean satisfaction and net promoter score."""
        month = TruncMonth("answer__answered_at", tzinfo=SHANGHAI)
        rows: models.QuerySet[Any, Mapping[str, Any]] = (
            self.answered()
            .filter(answer__answered_at__gte=now - timedelta(days=31 * months))
            .order_by()
            .values(month=month)
            .annotate(**_MARKS)
            .order_by("month")
        )
        return [
            {"month": row["month"], "satisfaction": round(row["satisfaction"], 2), "nps": _nps(row)} for row in rows
        ][-months:]

    def by_promises(self, user: User, since: date, today: date, least: int) -> list[dict[str, Any]]:
        """Answers from ``since`` on by how the promises due to the client in that time were kept: all of them, some missed
        or overdue, none owed. Groups with fewer than ``least`` answers are left out, so that no single answer shows."""
        from tiers.models import Promise

        due = Promise.objects.visible_to(user).settled_between(since, today, today).filter(client=OuterRef("client"))
        group = Case(
            When(Exists(due.exclude(state="done")), then=Value("missed")),
            When(Exists(due), then=Value("kept")),
            default=Value("none"),
        )
        return self._told(user, since, least, group=group)

    def by_tier(self, user: User, since: date, least: int) -> list[dict[str, Any]]:
        """Answers from ``since`` on by the tier in which the client stands today, from the lowest; with ``least`` as above."""
        tier = "client__tier_state__tier__"
        names = {name: F(f"{tier}{name}") for name in ("rank", "code", "name_en", "name_zh")}
        return self.filter(client__tier_state__isnull=False)._told(user, since, least, **names)

    def _told(self, user: User, since: date, least: int, **groups: Any) -> list[dict[str, Any]]:
        """What is told here is about clients, and so only of those whom ``user`` sees today."""
        own = self.filter(client_q(user, "client__"))
        answers = own.answered().filter(answer__answered_at__gte=at_local(since, time()))
        rows = answers.order_by().annotate(**groups).values(*groups).annotate(**_MARKS)
        return [
            {**{name: row[name] for name in groups}, "answered": row["answered"], "nps": _nps(row)}
            | {"satisfaction": round(row["satisfaction"], 2)}
            for row in rows.filter(answered__gte=max(least, 1)).order_by(*groups)
        ]

    def results(self) -> dict[str, Any]:
        """Mean satisfaction, net promoter score from −100 to 100, and how many answered of how many asked."""
        found = self.aggregate(asked=Count("pk"), **_MARKS)
        found["nps"] = _nps(found)
        return found


#: What both summaries count.
_MARKS: dict[str, Any] = {
    "answered": Count("answer"),
    "satisfaction": Avg("answer__satisfaction"),
    "promoters": Count("answer", filter=Q(answer__recommendation__gte=_PROMOTER)),
    "detractors": Count("answer", filter=Q(answer__recommendation__lte=_DETRACTOR)),
}


def _nps(found: Mapping[str, Any]) -> int | None:
    given = found["answered"]
    return round((found["promoters"] - found["detractors"]) * 100 / given) if given else None
