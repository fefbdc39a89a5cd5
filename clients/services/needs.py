"""Writing down what a client wants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from clients.days import refuse_wrong_days
from clients.errors import AlreadyCorrected, ClientClosed, ContactOfAnother, NothingAnswered
from clients.models import Client, ContactLog, NeedsInterview
from clients.questions import BY_KEY, QUESTIONS
from clients.services.clients import change_client
from clients.services.quality import rescore
from crm.core import audit
from crm.core.checked import check
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import User
from crm.core.service import service
from crm.core.versions import lock


@service("needs.record")
def record_needs(
    *,
    client: Client,
    answers: Mapping[str, Any],
    actor: User,
    now: datetime,
    taken_on: date | None = None,
    refused: Iterable[str] = (),
    confirmed: bool = False,
    answered_by: str = NeedsInterview.AnsweredBy.SELF,
    contact: ContactLog | None = None,
    corrects: NeedsInterview | None = None,
    reason: str = "",
    basis: str | None = None,
) -> NeedsInterview:
    """Save an interview as a new row; the newest by ``taken_on`` (today if not said) is what the client wants now.

    ``answers`` names the questions that were asked, with their answers (empty: he wants nothing of the kind any more),
    ``refused`` those he would not answer. Everything else is carried over from the present row with its own day, or with
    today's when ``confirmed`` says that it was read out and stands. A wish for a channel becomes the client's preferred
    channel. ``basis`` is the public id of the present row that the writer had before him ("" for none).

    Raises ``InvalidInput``, ``NothingAnswered``, ``ClientClosed``, ``AlreadyCorrected``, ``ContactOfAnother``, ``StaleEdit``.
    """
    day, declined = taken_on or local_date(now), sorted(set(refused))
    if unknown := sorted((set(answers) | set(declined)) - set(BY_KEY)):
        raise TypeError(f"no such question: {', '.join(unknown)}")
    row: Client = lock(Client.objects.all(), pk=client.pk)
    _refuse(row, day, now, contact, corrects, reason)
    _refuse_stale(row, basis)
    before = _before(row, day, corrects)
    made = NeedsInterview(
        client=row,
        taken_on=day,
        taken_by=actor,
        answered_by=answered_by,
        contact=contact,
        corrects=corrects,
        correction_reason=reason.strip()[:200] if corrects else "",
    )
    _fill(made, before, answers, declined, confirmed=confirmed)
    if not made.answered_on or not (answers or declined or confirmed or corrects):
        raise NothingAnswered(NothingAnswered.unchanged if before else None)
    _check(made)
    made.save()
    _settle(row)
    made.refresh_from_db(fields=["is_present"])
    after = {"changed": made.differs(before), "refused": made.refused, "taken_on": day}
    audit.record(actor, "needs.record", made, after=after, reason=made.correction_reason, client=row)
    if made.is_present and made.channel and made.channel != row.preferred_channel:
        change_client(client=row, values={"preferred_channel": made.channel}, actor=actor, now=now)
    rescore(row, now)
    return made


@service("needs.link")
def link_needs(*, interview: NeedsInterview, contact: ContactLog, actor: User) -> bool:
    """Name the contact in which an interview was taken, once: it is often saved before the contact is logged.

    False when the interview names one already. Raises ``ContactOfAnother`` and ``ClientRestricted``.
    """
    if contact.client_id != interview.client_id:
        raise ContactOfAnother
    lock(Client.objects.all(), pk=interview.client_id)
    free = NeedsInterview.objects.filter(pk=interview.pk, contact=None).update(contact=contact)
    if free:
        after = {"contact": contact.public_id}
        audit.record(actor, "needs.link", interview, after=after, client=interview.client)
    return bool(free)


def _refuse(
    client: Client, day: date, now: datetime, contact: ContactLog | None, corrects: NeedsInterview | None, reason: str
) -> None:
    if client.status == Client.Status.CLOSED:
        raise ClientClosed
    if day > local_date(now):
        raise InvalidInput(fields={"taken_on": _("An interview cannot lie in the future.")})
    refuse_wrong_days({"taken_on": day}, local_date(now))
    if contact is not None and contact.client_id != client.pk:
        raise ContactOfAnother
    if corrects is not None:
        if corrects.client_id != client.pk:
            raise ContactOfAnother
        if NeedsInterview.objects.filter(corrects=corrects).exists():
            raise AlreadyCorrected
        if not reason.strip():
            raise InvalidInput(fields={"reason": _("Say why the interview is corrected.")})


def _refuse_stale(client: Client, basis: str | None) -> None:
    if basis is None:
        return
    present = NeedsInterview.objects.present().filter(client=client).values_list("public_id", flat=True).first()
    if (present or "") != basis:
        raise StaleEdit


def _before(client: Client, day: date, corrects: NeedsInterview | None) -> NeedsInterview | None:
    """The sheet that this one continues: the one it corrects, else the newest up to its day."""
    if corrects is not None:
        return corrects
    rows = NeedsInterview.objects.standing().filter(client=client, taken_on__lte=day)
    return rows.order_by("-taken_on", "-pk").first()


def _fill(
    made: NeedsInterview,
    before: NeedsInterview | None,
    answers: Mapping[str, Any],
    declined: list[str],
    *,
    confirmed: bool,
) -> None:
    today, held = made.taken_on.isoformat(), before.answered_on if before else {}
    refused, days = [], {}
    for question in QUESTIONS:
        key = question.key
        if key in declined:
            setattr(made, key, question.empty)
            refused.append(key)
            days[key] = today
        elif key in answers:
            value = question.plain(answers[key])
            setattr(made, key, value)
            # An empty sheet with nothing said about a question is not an answer; taking a wish back is one.
            if value != question.empty or key in held:
                days[key] = today
        elif before is not None and key in held:
            setattr(made, key, before.answer(key))
            moved = made.corrects_id is not None and held[key] == before.taken_on.isoformat()
            days[key] = today if confirmed or moved else held[key]
            refused += [key] if before.is_refused(key) else []
    made.refused, made.answered_on = refused, days


def _check(made: NeedsInterview) -> None:
    check(made, exclude=["client", "taken_by", "contact", "corrects"])


def _settle(client: Client) -> None:
    """Mark the newest standing interview as the present one. The caller holds the client's lock."""
    rows = NeedsInterview.objects.filter(client=client)
    newest: int = rows.standing().order_by("-taken_on", "-pk").values_list("pk", flat=True)[0]
    rows.filter(is_present=True).exclude(pk=newest).update(is_present=False)
    rows.filter(pk=newest, is_present=False).update(is_present=True)
