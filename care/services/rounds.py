"""Rounds: a saved segment asked what it thinks of something, each of its clients once, as far as we may write to him."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from care import notices
from care.errors import NobodyToInvite
from care.models import SurveyInvitation, SurveyRound
from care.models.survey import in_words
from care.services.surveys import link_address, new_token, token_hash
from clients.models import Client, Segment
from clients.segments import refuse_secret
from clients.ways import Ways
from crm.core import audit
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.jobs import due
from crm.core.models import Branch, Outbound, User
from crm.core.modules import branches_without, demand_at
from crm.core.policies import Figures, figures
from crm.core.service import service

LeftOut = SurveyRound.LeftOut
_AT_ONCE = 500
_LETTERS_PER_ROUND = 200


@dataclass(frozen=True)
class Audience:
    """Whom a segment would have us write to now: how many clients it has, who is invited, why how many others are not."""

    members: int = 0
    clients: list[Client] = field(default_factory=list)
    #: Code of ``LeftOut`` → how many.
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def invited(self) -> int:
        return len(self.clients)

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """Why how many are not invited, in words."""
        return in_words(self.left_out)


def find_audience(*, segment: Segment, title: str, branch: Branch, reader: User, now: datetime) -> Audience:
    """The clients of the segment as ``reader`` sees them now in the branch, and which of them the round would invite.

    Reads only. ``title`` tells a round that was begun from a new one. Raises ``InvalidInput`` for a segment larger than figure
    ``survey.round_limit``, and ``ModuleOff`` where the branch leaves surveys out.
    """
    demand_at("surveys", branch, local_date(now))
    refuse_secret(segment.group)
    known = figures(local_date(now), branch)
    found = segment.members(reader, now).filter(branch=branch)
    limit = known.integer("survey.round_limit")
    keys = list(found.order_by("pk").values_list("pk", flat=True)[: limit + 1])
    if len(keys) > limit:
        said = _("The segment has more than %(limit)s clients: narrow it, or ask part by part.") % {"limit": limit}
        raise InvalidInput(fields={"segment": said})
    begun = SurveyRound.objects.filter(branch=branch, segment=segment, title=title.strip()).first()
    invited: list[Client] = []
    left_out: Counter[str] = Counter()
    for first in range(0, len(keys), _AT_ONCE):
        for client, reason in _judged(keys[first : first + _AT_ONCE], begun, known, reader, now):
            if reason:
                left_out[reason] += 1
            else:
                invited.append(client)
    return Audience(len(keys), invited, dict(left_out))


def _judged(
    keys: list[int], begun: SurveyRound | None, known: Figures, reader: User, now: datetime
) -> Iterator[tuple[Client, str]]:
    """Each client with the reason against an invitation, or ""."""
    clients = list(Client.objects.filter(pk__in=keys).select_related("branch").order_by("pk"))
    served = set(Client.objects.filter(pk__in=keys).served().values_list("pk", flat=True))
    asked = SurveyInvitation.objects.filter(client__in=keys)
    had = set(asked.filter(round=begun).values_list("client", flat=True)) if begun is not None else set()
    still_open = set(asked.unanswered(now).values_list("client", flat=True))
    # Nobody has two at once. One about a complaint from which the reader is recused counts as a message among others, for its
    # own reason would tell him of the complaint.
    told = set(asked.visible_to(reader).unanswered(now).values_list("client", flat=True))
    most = known.json("outbound.max_per_client")
    counts = Outbound.objects.counts_of([row.public_id for row in clients], now - timedelta(days=most["days"]))
    ways = Ways(clients, now, known, asked_by_us=True)
    for client in clients:
        if client.pk in had:
            yield client, LeftOut.ALREADY
        elif client.pk not in served:
            yield client, LeftOut.NOT_SERVED
        elif client.do_not_contact:
            yield client, LeftOut.DO_NOT_CONTACT
        else:
            way, refused = ways.open_to(client)
            if way is None:
                yield client, LeftOut(refused)
            elif client.pk in still_open:
                yield client, LeftOut.STILL_OPEN if client.pk in told else LeftOut.TOO_OFTEN
            else:
                yield client, LeftOut.TOO_OFTEN if counts.get(client.public_id, 0) >= most["count"] else ""


@service("survey.invite_segment")
def invite_segment(*, segment: Segment, title: str, branch: Branch, actor: User, now: datetime) -> SurveyRound:
    """Invite every client of the segment whom we may write to, as ``actor`` sees them at this moment.

    Their letters are written by the sweep ``care.write_letters``. The same round again, or twice at once, invites only those
    who have no invitation of it. Raises ``InvalidInput``, ``ModuleOff``, and ``NobodyToInvite`` for a new round.
    """
    if not title.strip():
        raise InvalidInput(fields={"title": _("Say what the clients are asked about.")})
    # One round of a branch at a time: of two at once, the same or others, the second sees whom the first has invited.
    branch = _branch_alone(branch)
    row, is_new = SurveyRound.objects.get_or_create(
        branch=branch,
        segment=segment,
        title=title.strip(),
        defaults={"segment_name": segment.name, "made_by": actor, "made_at": now},
    )
    found = find_audience(segment=segment, title=title, branch=branch, reader=actor, now=now)
    if is_new and not found.clients:
        raise NobodyToInvite
    valid = timedelta(days=figures(local_date(now), branch).days("survey.valid_days"))
    SurveyInvitation.objects.bulk_create(
        [_invitation(row, client, now, valid) for client in found.clients], batch_size=_AT_ONCE
    )
    row.members, row.left_out = found.members, found.left_out
    row.save(update_fields=["members", "left_out"])
    after = {"segment": segment.name, "clients": found.members, "invited": found.invited, **found.left_out}
    audit.record(actor, "survey.invite_segment", row, after=after, reason=row.title)
    return row


def _branch_alone(branch: Branch) -> Branch:
    return Branch.objects.select_for_update(no_key=True).get(pk=branch.pk)


def _invitation(row: SurveyRound, client: Client, now: datetime, valid: timedelta) -> SurveyInvitation:
    return SurveyInvitation(
        branch=row.branch,
        client=client,
        round=row,
        occasion=SurveyInvitation.Occasion.ROUND,
        occurrence_key=f"round:{row.public_id}:{client.public_id}",
        # Nobody has this token: the link is made with the letter.
        token_hash=token_hash(new_token()),
        created_at=now,
        expires_at=now + valid,
    )


@service("survey.write_letters")
def write_letters(*, actor: User, now: datetime) -> int:
    """Write to those whom rounds have invited: make the link and hand the letter to the outgoing messages. Returns how many.

    Who may no longer be written to keeps his invitation with the reason, and gets the link at the counter. Letters of a branch
    that leaves surveys out wait.
    """
    written, waiting = 0, SurveyInvitation.objects.without_letter(now)
    if not waiting.exists():
        return 0
    kept = waiting.exclude(branch__in=branches_without("surveys", local_date(now)))
    letters = list(kept[:_LETTERS_PER_ROUND])
    ways = Ways([invitation.client for invitation in letters], now, asked_by_us=True)
    for invitation in letters:
        written += _write(invitation, ways)
    if written:
        audit.record(actor, "survey.write_letters", "care.surveyinvitation", after={"written": written})
    return written


def _write(invitation: SurveyInvitation, ways: Ways) -> bool:
    token = new_token()
    mine: Any = SurveyInvitation.objects.filter(pk=invitation.pk, token_hash=invitation.token_hash, sent_by_channel="")
    # Whoever changes the hash has the letter: another sweep, or the counter, finds another hash.
    if not mine.update(token_hash=token_hash(token)):
        return False
    notices.survey_invitation(invitation, link_address(token), ways)
    return True


@due("care.write_letters")
def write_due_letters(now: datetime) -> int:
    return write_letters(actor=system_user(), now=now)
