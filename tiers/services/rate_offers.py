"""What becomes of rates by themselves and by the client's word: proposals from changes of tier, answers, lapses, expiries."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from clients.models import Client
from crm.core import attachments, audit
from crm.core.clocks import local_date
from crm.core.errors import MissingRight
from crm.core.models import Attachment, User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.versions import lock
from tiers.errors import NotAgreed, NotOffered, ProposalExpired, RateNotAllowed
from tiers.models import ClientRate, RateCard, RateReview, TierChange
from tiers.querysets import may_see_commission
from tiers.querysets.commission import rates_held
from tiers.services.commission import put_in_force

State = ClientRate.State
#: What a client may have signed.
TAKES_PAPERS = (State.OFFERED, State.APPROVED, State.ENDED)


@service("client_rate.accept")
def accept_client_rate(
    *,
    rate: ClientRate,
    how: str,
    answered_on: date,
    actor: User,
    now: datetime,
    paper: UploadedFile[bytes] | None = None,
    version: int | None = None,
) -> ClientRate:
    """Record that the client has agreed, how and when; from then on the rate holds, today at the earliest.

    ``paper`` is what he signed. Raises ``MissingRight``, ``NotOffered``, ``ProposalExpired``, ``RateNotAllowed``, ``StaleEdit``,
    ``LaterRateStands`` and ``FileRefused``.
    """
    row, today = _offered(rate, actor, version), local_date(now)
    if row.accept_by is not None and row.accept_by < today:
        raise ProposalExpired
    told = local_date(row.decided_at) if row.decided_at else today
    if not told <= answered_on <= today:
        raise RateNotAllowed(fields={"answered_on": _("The day lies between the notice and today.")})
    put_in_force(row, today)
    row.state, row.answered_how, row.answered_on, row.answer_taken_by = State.APPROVED, how, answered_on, actor
    row.save_changed(["state", "valid_from", "answered_how", "answered_on", "answer_taken_by"])
    after = {"state": row.state, "how": how, "on": answered_on, "valid_from": row.valid_from}
    if paper is not None:
        after["paper"] = _store(paper, row, actor, "paper").public_id
    audit.record(actor, "client_rate.accept", row, before={"state": State.OFFERED}, after=after)
    return row


@service("client_rate.attach")
def attach_agreement(*, rate: ClientRate, upload: UploadedFile[bytes], actor: User) -> Attachment:
    """Add a paper that the client signed to a rate that he was offered or that holds, or held; none is ever taken out.

    Raises ``MissingRight``, ``NotAgreed``, ``FileRefused`` and ``ClientRestricted``.
    """
    if not may_see_commission(actor, rate.client):
        raise MissingRight
    lock(Client.objects.all(), pk=rate.client_id)
    row = lock(ClientRate.objects.all(), pk=rate.pk)
    if row.state not in TAKES_PAPERS:
        raise NotAgreed
    stored = _store(upload, row, actor, "file")
    audit.record(actor, "client_rate.attach", row, after={"attachment": stored.public_id}, client=rate.client)
    return stored


def _store(upload: UploadedFile[bytes], row: ClientRate, actor: User, field: str) -> Attachment:
    try:
        return attachments.store(upload, owner=row, actor=actor)
    except attachments.FileRefused as refusal:
        raise attachments.FileRefused(fields={field: refusal.message}) from None


@service("client_rate.decline")
def decline_client_rate(
    *, rate: ClientRate, answered_on: date, actor: User, now: datetime, version: int | None = None
) -> ClientRate:
    """Record that the client does not agree; what held goes on. Raises as ``accept_client_rate``."""
    row = _offered(rate, actor, version)
    if answered_on > local_date(now):
        raise RateNotAllowed(fields={"answered_on": _("The day lies between the notice and today.")})
    row.state, row.answered_on, row.answer_taken_by = State.DECLINED, answered_on, actor
    row.save_changed(["state", "answered_on", "answer_taken_by"])
    audit.record(actor, "client_rate.decline", row, before={"state": State.OFFERED}, after={"state": row.state})
    return row


@service("client_rate.lapse")
def lapse_client_rate(*, rate: ClientRate, actor: User, now: datetime) -> ClientRate:
    """Let a proposal or an offer lapse whose time is over. Raises ``DoesNotExist`` when it is not."""
    _hold(rate.client_id)
    row = lock(ClientRate.objects.run_out(local_date(now)), pk=rate.pk)
    before, row.state = row.state, State.LAPSED
    row.save_changed(["state"])
    audit.record(actor, "client_rate.lapse", row, before={"state": before}, after={"state": row.state})
    return row


@service("client_rate.expire")
def expire_client_rate(*, rate: ClientRate, actor: User, now: datetime) -> ClientRate:
    """Close a rate whose last day is over: the client has returned to the card. Raises ``DoesNotExist`` when it is not."""
    _hold(rate.client_id)
    row = lock(ClientRate.objects.expired(local_date(now)), pk=rate.pk)
    row.state = State.ENDED
    row.save_changed(["state"])
    audit.record(actor, "client_rate.expire", row, before={"state": State.APPROVED}, after={"state": row.state})
    return row


@service("rates.review")
def review_change(*, change: TierChange, actor: User, now: datetime) -> list[ClientRate]:
    """Propose the rates that a change of tier asks for, once; nothing holds before somebody approves and the client agrees.

    Products with a concession in force or with a proposal that waits keep it. Older proposals from a change of tier lapse.
    Where the new tier's card says the same as what the client pays, there is nothing to agree.
    """
    client = _hold(change.client_id)
    if RateReview.objects.filter(tier_change=change).exists():
        return []
    today = local_date(now)
    _supersede(change, actor)
    held = {product: row for (_client, product), row in rates_held([client.pk], today).items()}
    waiting = set(ClientRate.objects.open().filter(client=client).values_list("product", flat=True))
    made: list[ClientRate] = []
    unchanged: list[str] = []
    for card in RateCard.objects.filter(tier=change.new).in_force(today).order_by("product"):
        paid = held.get(card.product)
        if card.product in waiting or (isinstance(paid, ClientRate) and paid.origin == ClientRate.Origin.CONCESSION):
            continue
        if paid is None or _terms(paid) == _terms(card):
            unchanged.append(card.product)
            continue
        made.append(_propose(change, card, actor, now))
    RateReview.objects.create(tier_change=change, unchanged=unchanged, reviewed_at=now)
    audit.record(actor, "rates.review", change, after={"proposed": [row.product for row in made], "same": unchanged})
    return made


def _propose(change: TierChange, card: RateCard, actor: User, now: datetime) -> ClientRate:
    days = figures(local_date(now), change.client.branch).days("commission.decide_days")
    return ClientRate.objects.create(
        client_id=change.client_id,
        product=card.product,
        rate=card.rate,
        basis=card.basis,
        min_fee=card.min_fee,
        valid_from=local_date(now),
        reason=_("Change of tier on %(day)s") % {"day": change.day.isoformat()},
        proposed_by=actor,
        proposed_at=now,
        decide_by=local_date(now) + timedelta(days=days),
        origin=ClientRate.Origin.TIER_CHANGE,
        tier_change=change,
    )


def _supersede(change: TierChange, actor: User) -> None:
    """Proposals and offers of an earlier change have been overtaken."""
    older = ClientRate.objects.open().filter(client=change.client_id, origin=ClientRate.Origin.TIER_CHANGE)
    for row in older.exclude(tier_change=change):
        before, row.state = row.state, State.LAPSED
        row.save_changed(["state"])
        audit.record(actor, "client_rate.lapse", row, before={"state": before}, after={"state": row.state})


def _terms(row: ClientRate | RateCard) -> tuple[Any, ...]:
    return row.rate, row.basis, row.min_fee


def _hold(client_id: int) -> Client:
    """One writer of a client's rates at a time; foreign keys to the client stay free."""
    return Client.objects.select_for_update(of=("self",), no_key=True).get(pk=client_id)


def _offered(rate: ClientRate, actor: User, version: int | None) -> ClientRate:
    if not may_see_commission(actor, rate.client):
        raise MissingRight
    _hold(rate.client_id)
    row = lock(ClientRate.objects.select_related("client__branch"), pk=rate.pk, version=version)
    if row.state != State.OFFERED:
        raise NotOffered
    return row
