"""Advisors, matching runs, agreements and portfolio reviews as sets."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery

from clients.querysets import client_q
from crm.core.access import NOTHING, branch_q

if TYPE_CHECKING:
    from advisory.models import AdvisorProfile, AdvisoryAgreement, HandOver, MatchingRun, MatchProposal, PortfolioReview
    from crm.core.models import Branch, User


class AdvisorQuerySet(models.QuerySet["AdvisorProfile"]):
    def visible_to(self, user: User) -> AdvisorQuerySet:
        """Advisors of the branch or company; an advisor sees himself."""
        if not user.is_authenticated:
            return self.none()
        reach = branch_q(user, "user__branch")
        return self.filter(Q(user=user) if reach == NOTHING else reach | Q(user=user))

    def of_branch(self, branch: Branch) -> AdvisorQuerySet:
        return self.filter(user__branch=branch, user__is_active=True)

    def licence_expiring(self, today: date, until: date) -> AdvisorQuerySet:
        return self.filter(user__is_active=True, licence_valid_until__gte=today, licence_valid_until__lte=until)

    def with_load(self) -> AdvisorQuerySet:
        """Each with ``load``: how many clients he serves."""
        return self.annotate(
            load=Count("user__book", filter=Q(user__book__status__in=["active", "dormant"]), distinct=True)
        )


class MatchingRunQuerySet(models.QuerySet["MatchingRun"]):
    def visible_to(self, user: User) -> MatchingRunQuerySet:
        return self.filter(branch_q(user))

    def proposed(self) -> MatchingRunQuerySet:
        """Computed and not decided yet."""
        return self.filter(state="proposed")


class MatchProposalQuerySet(models.QuerySet["MatchProposal"]):
    def visible_to(self, user: User) -> MatchProposalQuerySet:
        return self.filter(branch_q(user, "run__branch")).filter(client_q(user, "client__"))

    def changes(self) -> MatchProposalQuerySet:
        """Proposals that would change something: a new advisor, or the first one."""
        return self.exclude(new_advisor=None).exclude(new_advisor=models.F("old_advisor"))


class HandOverQuerySet(models.QuerySet["HandOver"]):
    def visible_to(self, user: User) -> HandOverQuerySet:
        return self.filter(branch_q(user))


class AgreementQuerySet(models.QuerySet["AdvisoryAgreement"]):
    def visible_to(self, user: User) -> AgreementQuerySet:
        return self.filter(client_q(user, "client__"))

    def in_force(self, day: date) -> AgreementQuerySet:
        """Agreements under which clients are advised on ``day``."""
        return self.filter(Q(ended_on=None) | Q(ended_on__gt=day), signed_on__lte=day)


class ReviewQuerySet(models.QuerySet["PortfolioReview"]):
    def visible_to(self, user: User) -> ReviewQuerySet:
        return self.filter(client_q(user, "client__"))

    def due(self) -> ReviewQuerySet:
        """Nobody has looked yet."""
        return self.filter(state="due")

    def due_by(self, day: date) -> ReviewQuerySet:
        return self.due().filter(due_on__lte=day)

    def done(self) -> ReviewQuerySet:
        """Recorded, as they stand today: without those that a later row has corrected."""
        return self.filter(state="done", corrected_by=None)

    def unanswered(self) -> ReviewQuerySet:
        """Proposals about which the client wants to think."""
        return self.done().filter(answer="thinking")

    def to_ask_again(self, day: date) -> ReviewQuerySet:
        """Proposals unanswered since ``day`` or longer, of clients who are served and may be contacted."""
        return self.unanswered().filter(done_on__lte=day).of_served()

    def of_served(self) -> ReviewQuerySet:
        """Of clients who are served and may be contacted."""
        kept = self.filter(client__status__in=["active", "dormant"])
        return kept.filter(client__do_not_contact=False, client__restricted_on=None)

    def mine(self, user: User) -> ReviewQuerySet:
        """Of the clients whom the user serves, or for whose advisor he stands in."""
        return self.filter(client__advisor_id__in=user.scope.acting_ids)

    def newest_done(self) -> ReviewQuerySet:
        """Of each client the newest review that stands."""
        own = self.model._base_manager.filter(state="done", corrected_by=None, client=OuterRef("client"))
        return self.filter(pk=Subquery(own.order_by("-done_on", "-pk").values("pk")[:1]))

    def for_list(self) -> ReviewQuerySet:
        return self.select_related("client__branch", "client__advisor", "done_by", "opened_by", "agreement")
