"""Standing in for each other: for some days a deputy reaches the book of somebody who is away."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm.core import audit
from crm.core.errors import DomainError, FourEyes, InvalidInput, MissingRight
from crm.core.models import Delegation, User
from crm.core.service import service
from crm.core.versions import lock

#: Longer absences are a hand-over, not a delegation.
LONGEST_DAYS = 92


class BadDelegation(InvalidInput):
    """Days or people of a delegation do not fit."""

    code = "bad_delegation"


class OwnDeputy(FourEyes):
    """Somebody wants to reach the book of another by his own hand."""

    code = "own_deputy"
    message = _("Nobody makes himself the deputy of somebody else. Let the person or the manager do it.")


class AlreadyRevoked(DomainError):
    code = "already_revoked"
    message = _("This delegation has already ended.")


def may_arrange_for(actor: User, absent: User) -> bool:
    """For himself everybody; for others whoever manages the branch or the staff."""
    if actor.pk == absent.pk:
        return True
    sees_them = User.objects.visible_to(actor).filter(pk=absent.pk).exists()
    return sees_them and (actor.has_role("branch_manager") or actor.has_perm("core.change_user"))


@service("delegation.grant")
def grant_delegation(
    *, actor: User, absent: User, deputy: User, first_day: date, last_day: date, reason: str, today: date
) -> Delegation:
    """Let ``deputy`` reach the book of ``absent`` from ``first_day`` to ``last_day``, both included.

    Raises ``MissingRight`` for somebody else's book, ``OwnDeputy``, and ``BadDelegation`` for days in the past, too many
    days, people of different branches, or days that are already covered by the same deputy.
    """
    if not may_arrange_for(actor, absent):
        raise MissingRight
    if actor.pk == deputy.pk:
        raise OwnDeputy
    _check(absent, deputy, first_day, last_day, today)
    lock(User.objects.all(), pk=absent.pk)
    if _live(absent, deputy, first_day, last_day).exists():
        raise BadDelegation(fields={"deputy": _("This deputy already stands in on some of these days.")})
    row: Delegation = Delegation.objects.create(
        absent=absent, deputy=deputy, first_day=first_day, last_day=last_day, reason=reason
    )
    after = {
        "absent": absent.staff_number,
        "deputy": deputy.staff_number,
        "first_day": first_day,
        "last_day": last_day,
    }
    audit.record(actor, "delegation.grant", row, after=after, reason=reason)
    return row


@service("delegation.revoke")
def revoke_delegation(*, actor: User, delegation: Delegation, now: datetime) -> Delegation:
    """End a delegation at once; the deputy may end it, too. Raises ``AlreadyRevoked`` and ``MissingRight``."""
    row: Delegation = lock(Delegation.objects.select_related("absent"), pk=delegation.pk)
    if actor.pk != row.deputy_id and not may_arrange_for(actor, row.absent):
        raise MissingRight
    if row.revoked_at is not None:
        raise AlreadyRevoked
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])
    audit.record(actor, "delegation.revoke", row, after={"revoked_at": now})
    return row


def _check(absent: User, deputy: User, first_day: date, last_day: date, today: date) -> None:
    wrong = {}
    if first_day < today:
        wrong["first_day"] = _("A delegation cannot begin in the past.")
    if last_day < first_day:
        wrong["last_day"] = _("A delegation ends on or after its first day.")
    elif (last_day - first_day).days >= LONGEST_DAYS:
        wrong["last_day"] = _("A delegation lasts three months at most. Hand the clients over instead.")
    if deputy.pk == absent.pk:
        wrong["deputy"] = _("Nobody is his own deputy.")
    elif not deputy.is_active or deputy.is_system:
        wrong["deputy"] = _("The deputy has to be an active colleague.")
    elif absent.branch_id is None or deputy.branch_id != absent.branch_id:
        wrong["deputy"] = _("The deputy has to work in the same branch.")
    if wrong:
        raise BadDelegation(fields=wrong)


def _live(absent: User, deputy: User, first_day: date, last_day: date) -> QuerySet[Delegation]:
    return Delegation.objects.filter(
        absent=absent, deputy=deputy, first_day__lte=last_day, last_day__gte=first_day, revoked_at=None
    )
