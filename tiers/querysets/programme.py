"""Programmes and tiers as sets."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q

from crm.core.querysets.aside import compiled_for
from tiers.querysets.house import house_q

if TYPE_CHECKING:
    from crm.core.models import Branch, Company, User
    from tiers.models import Programme, Tier

_DEFAULT = "default"


class ProgrammeQuerySet(models.QuerySet["Programme"]):
    def visible_to(self, user: User) -> ProgrammeQuerySet:
        return self.filter(house_q(user))

    def active_on(self, day: date) -> ProgrammeQuerySet:
        return self.filter(state="active", effective_from__lte=day)

    def submitted(self) -> ProgrammeQuerySet:
        """Handed in and not decided yet."""
        return self.filter(state="submitted")

    def not_retired(self) -> ProgrammeQuerySet:
        """In force, or on the way there."""
        return self.exclude(state="retired")

    def of_branch(self, branch: Branch) -> ProgrammeQuerySet:
        """What can be evaluated at a branch: its own programmes and the company's; own ones and newer editions first."""
        return self.filter(Q(branch=branch) | Q(branch=None, company_id=branch.company_id)).order_by(
            F("branch").asc(nulls_last=True), "-effective_from", "-edition", "-pk"
        )

    def governing(self, branch: Branch, day: date) -> Any:
        """The programme by which a branch grades on ``day``: its own newest one, else the company's default, else None."""
        return self.in_question(branch, day).first()

    def of_the_house(self, company: Company | None, day: date) -> Any:
        """The company's default programme on ``day``: what its branches grade by unless they have their own."""
        rows = self.active_on(day).filter(company=company, branch=None, code=_DEFAULT)
        return rows.order_by("-effective_from", "-edition", "-pk").first()

    def in_question(self, branch: Branch, day: date) -> ProgrammeQuerySet:
        """The programmes of which the first governs a branch on ``day``."""
        return self.active_on(day).of_branch(branch).filter(Q(branch=branch) | Q(code=_DEFAULT))

    def with_tiers(self) -> ProgrammeQuerySet:
        return self.prefetch_related("tiers")


class TierQuerySet(models.QuerySet["Tier"]):
    def visible_to(self, user: User) -> TierQuerySet:
        return self.filter(house_q(user, "programme__"))

    def governing(self, branch: Branch, day: date) -> TierQuerySet:
        """The tiers of the programme by which a branch grades on ``day``, in one statement; the lowest first."""
        return self.filter(programme_id=_governing(branch.pk, branch.company_id, day)).order_by("rank")

    def names(self, branch: Branch | None, day: date, company: Company | None = None) -> dict[str, str]:
        """Code and name of the tiers by which a branch grades on ``day``, the lowest first; without a branch, the company's."""
        from tiers.models import Programme

        if branch is not None:
            return {tier.code: tier.name for tier in self.governing(branch, day)}
        house = Programme.objects.of_the_house(company, day)
        return {tier.code: tier.name for tier in self.filter(programme=house).order_by("rank")}


@compiled_for("tiers.Tier")
def _governing(branch: int, company: int, day: date) -> models.Subquery:
    """The key of the programme by which a branch grades."""
    from crm.core.models import Branch
    from tiers.models import Programme

    return models.Subquery(Programme.objects.in_question(Branch(pk=branch, company_id=company), day).values("pk")[:1])
