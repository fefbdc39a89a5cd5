"""Surveys: one invitation for one occasion, one answer for one invitation, and no token on file."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from care import notices
from care.errors import OwnSurvey, SurveyClosed
from care.models import SurveyAnswer, SurveyInvitation
from clients.ways import Ways
from complaints.models import Complaint
from crm.core import audit
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.jobs import due
from crm.core.models import User
from crm.core.modules import branches_without, demand_at
from crm.core.policies import figures
from crm.core.service import service
from crm.core.versions import lock

#: Scales of the two questions: CSAT in five steps, recommendation (NPS) in eleven.
SATISFACTION = range(1, 6)
RECOMMENDATION = range(11)
LONGEST_COMMENT = 1000
_TOKEN_BYTES = 16
_PER_ROUND = 200
State = SurveyInvitation.State


@dataclass(frozen=True)
class Link:
    """An invitation with its link, which is known at this moment only."""

    invitation: SurveyInvitation
    url: str


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    return secrets.token_urlsafe(_TOKEN_BYTES)


def link_address(token: str) -> str:
    return f"{settings.CRM_PUBLIC_URL}{reverse('care:survey', args=[token])}"


@service("survey.invite")
def invite_surveys(*, actor: User, now: datetime) -> int:
    """Invite whoever complained and whose complaint was closed lately, once for each closing. Returns how many.

    Pulled from complaints: a closed complaint knows nothing of surveys. Imported complaints that ended before they came to
    us are older than the link's validity and bring none; nor does a branch that leaves surveys out.
    """
    known = figures(local_date(now))
    valid = timedelta(days=known.days("survey.valid_days"))
    closed = (
        Complaint.objects.closed_since(now - valid)
        .select_related("client__branch", "branch")
        .order_by("closed_at", "pk")
    )
    # Cheap when nothing is new: occasions that have their invitation are left out by their key.
    known_keys = set(SurveyInvitation.objects.filter(complaint__in=closed).values_list("occurrence_key", flat=True))
    fresh = [complaint for complaint in closed if _key(complaint) not in known_keys]
    left_out = branches_without("surveys", local_date(now)) if fresh else set()
    fresh = [complaint for complaint in fresh if complaint.branch_id not in left_out][:_PER_ROUND]
    invited, ways = 0, Ways([complaint.client for complaint in fresh], now)
    for complaint in fresh:
        invited += _invite(complaint, now, valid, ways)
    if invited:
        audit.record(actor, "survey.invite", "care.surveyinvitation", after={"invited": invited})
    return invited


def _key(complaint: Complaint) -> str:
    return f"complaint:{complaint.public_id}:{complaint.rounds}"


def _invite(complaint: Complaint, now: datetime, valid: timedelta, ways: Ways) -> bool:
    token = new_token()
    invitation = SurveyInvitation(
        branch=complaint.branch,
        client=complaint.client,
        complaint=complaint,
        occasion=SurveyInvitation.Occasion.COMPLAINT,
        occurrence_key=_key(complaint),
        token_hash=token_hash(token),
        created_at=now,
        expires_at=now + valid,
    )
    try:
        with transaction.atomic():
            invitation.save()
    except IntegrityError:
        return False
    notices.survey_invitation(invitation, link_address(token), ways)
    return True


@service("survey.hand_out_link")
def hand_out_link(*, actor: User, invitation: SurveyInvitation, now: datetime) -> Link:
    """Make a new link for somebody who got none, to be shown once; the old one stops working.

    Raises ``OwnSurvey`` for those whose work is asked about, ``SurveyClosed``, and ``ModuleOff`` where the branch of the
    invitation asks nobody any more.
    """
    row = lock(SurveyInvitation.objects.select_related("branch"), pk=invitation.pk)
    demand_at("surveys", row.branch, local_date(now))
    about = row.complaint
    if about is not None and actor.pk in (about.handler_id, about.proposed_by_id, about.approved_by_id):
        raise OwnSurvey
    if row.state != State.INVITED or row.expires_at <= now:
        raise SurveyClosed
    token = new_token()
    row.token_hash, row.sent_by_channel = token_hash(token), "counter"
    row.save(update_fields=["token_hash", "sent_by_channel"])
    audit.record(actor, "survey.hand_out_link", row)
    return Link(row, link_address(token))


def find_open(token: str, now: datetime) -> SurveyInvitation:
    """The invitation behind a link that can still be answered. Reading writes nothing. Raises ``SurveyClosed``."""
    open_ones = SurveyInvitation.objects.unanswered(now).select_related("branch", "round")
    found: SurveyInvitation | None = open_ones.filter(token_hash=token_hash(token)).first()
    if found is None:
        raise SurveyClosed
    return found


@service("survey.answer")
def answer_survey(
    *, actor: User, token: str, now: datetime, satisfaction: int, recommendation: int, comment: str = ""
) -> SurveyAnswer:
    """Take the answer that comes with a link; fifty at once make one. ``actor`` is the house's own account.

    Raises ``SurveyClosed``, and ``InvalidInput`` for a figure outside of its scale.
    """
    invitation = find_open(token, now)
    _check(satisfaction, recommendation, comment)
    claimed = SurveyInvitation.objects.filter(pk=invitation.pk, state=State.INVITED).update(state=State.ANSWERED)
    if not claimed:
        raise SurveyClosed
    answer = SurveyAnswer.objects.create(
        invitation=invitation,
        satisfaction=satisfaction,
        recommendation=recommendation,
        comment=comment,
        answered_at=now,
    )
    audit.record(actor, "survey.answer", invitation, after={"satisfaction": satisfaction})
    return answer


def _check(satisfaction: int, recommendation: int, comment: str) -> None:
    wrong = {}
    if satisfaction not in SATISFACTION:
        wrong["satisfaction"] = _("Choose one of the five faces.")
    if recommendation not in RECOMMENDATION:
        wrong["recommendation"] = _("Choose a number from 0 to 10.")
    if len(comment) > LONGEST_COMMENT:
        wrong["comment"] = _("Please keep it to %(count)s characters.") % {"count": LONGEST_COMMENT}
    if wrong:
        raise InvalidInput(fields=wrong)


@service("survey.expire")
def expire_surveys(*, actor: User, now: datetime) -> int:
    """Close links that ran out. Returns how many."""
    expired: int = SurveyInvitation.objects.filter(state=State.INVITED, expires_at__lte=now).update(state=State.EXPIRED)
    if expired:
        audit.record(actor, "survey.expire", "care.surveyinvitation", after={"expired": expired})
    return expired


@due("care.invite_surveys")
def invite_due_surveys(now: datetime) -> int:
    return invite_surveys(actor=system_user(), now=now)


@due("care.expire_surveys")
def expire_due_surveys(now: datetime) -> int:
    return expire_surveys(actor=system_user(), now=now)
