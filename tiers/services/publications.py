"""Publications: drawn up for the menus of preference segments, sent to whom they reach, withdrawn; told by phone where a client
takes only calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import F
from django.utils.translation import gettext as _

from clients.models import Client
from crm.core import attachments, audit
from crm.core.checked import check
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.models import Branch, User
from crm.core.service import service
from crm.core.versions import hold, lock
from tiers.errors import NobodyReached, NotToBeTold, PublicationOut, PublicationOver
from tiers.models import Delivery, PreferenceSegment, Publication, Recipient, ServiceItem
from tiers.services.audience import draw_recipients
from tiers.services.promises import keep_oldest

State, Mine = Publication.State, Recipient.State
#: What may be said of a publication.
SAID = ("kind", "title", "text", "link", "item", "risk", "valid_from", "valid_until")


@service("publication.create")
def create_publication(
    *,
    branch: Branch,
    values: Mapping[str, Any],
    segments: Sequence[PreferenceSegment],
    actor: User,
    now: datetime,
    upload: UploadedFile[bytes] | None = None,
) -> Publication:
    """Draw up what is to stand on the menus of ``segments``, and whom it reaches as ``actor`` sees the clients now.

    Nothing is sent. Raises ``InvalidInput``, also for an audience above figure ``outbound.publication_limit``, and
    ``FileRefused``.
    """
    row = Publication(branch=branch, made_by=actor, made_at=now)
    _say(row, values, segments, local_date(now))
    row.save()
    row.segments.set(segments)
    draw_recipients(row, segments, actor, now)
    _keep_file(row, upload, actor)
    after = {"title": row.title, "kind": row.kind, "segments": [one.name_zh for one in segments], **_counts(row)}
    audit.record(actor, "publication.create", row, after=after)
    return row


@service("publication.change")
def change_publication(
    *,
    publication: Publication,
    values: Mapping[str, Any],
    actor: User,
    now: datetime,
    segments: Sequence[PreferenceSegment] | None = None,
    upload: UploadedFile[bytes] | None = None,
    version: int | None = None,
) -> Publication:
    """Say it otherwise while it has not left, or for other segments; whom it reaches is drawn anew.

    Raises what drawing one up does, ``PublicationOut`` and ``StaleEdit``.
    """
    row: Publication = lock(_rows(), pk=publication.pk, version=version)
    if not row.is_open:
        raise PublicationOut
    chosen = list(row.segments.all()) if segments is None else list(segments)
    before = {name: getattr(row, name) for name in values}
    _say(row, values, chosen, local_date(now))
    row.save_changed(list(values) or ["title"])
    row.segments.set(chosen)
    draw_recipients(row, chosen, actor, now)
    _keep_file(row, upload, actor)
    changed = [name for name in values if before[name] != getattr(row, name)]
    audit.record(
        actor,
        "publication.change",
        row,
        before={name: str(before[name]) for name in changed},
        after={**{name: str(getattr(row, name)) for name in changed}, **_counts(row)},
    )
    return row


@service("publication.send")
def send_publication(
    *, publication: Publication, actor: User, now: datetime, version: int | None = None
) -> Publication:
    """Let it go to everybody whom it reaches at this moment; sent again, to those who came in since, and to nobody twice.

    The messages are written by the sweep ``tiers.publications``; who takes only calls is in the day of whoever serves him.
    Raises ``PublicationOver``, ``NobodyReached`` and ``StaleEdit``.
    """
    # One sending of a branch at a time: of two, the second sees whom the first has written to, and nobody gets too much.
    Branch.objects.select_for_update(no_key=True).get(pk=publication.branch_id)
    row: Publication = lock(_rows(), pk=publication.pk, version=version)
    if row.state == State.WITHDRAWN or not row.holds_on(local_date(now)):
        raise PublicationOver
    if row.item is not None:
        hold(row.item)  # the branch makes no copy of its own meanwhile
        _refuse_service(row, local_date(now))
    new = draw_recipients(row, list(row.segments.all()), actor, now)
    if not new and row.state == State.DRAFT:
        raise NobodyReached
    if row.delivery is None and row.item is not None and row.item.proof == ServiceItem.Proof.SEND:
        row.delivery = Delivery.objects.create(
            item=row.item, branch=row.branch, kind=Delivery.Kind.SEND, day=local_date(now), title=row.title,
            made_by=actor,
        )  # fmt: skip
    row.state, row.sent_by, row.sent_at = State.SENT, actor, now
    row.save_changed(["state", "sent_by", "sent_at", "delivery"])
    audit.record(actor, "publication.send", row, after={"title": row.title, "new": new, **_counts(row)})
    return row


@service("publication.withdraw")
def withdraw_publication(
    *, publication: Publication, reason: str, actor: User, now: datetime, version: int | None = None
) -> Publication:
    """Take it back: what has not left stays here, and nobody is called any more. What was sent stands in the rows.

    Raises ``InvalidInput``, ``PublicationOver`` and ``StaleEdit``.
    """
    if not reason.strip():
        raise InvalidInput(fields={"reason": _("Say why.")})
    row: Publication = lock(_rows(), pk=publication.pk, version=version)
    if row.state == State.WITHDRAWN:
        raise PublicationOver
    row.state = State.WITHDRAWN
    row.save_changed(["state"])
    waiting = row.recipients.filter(state__in=[Mine.CHOSEN, Mine.CALL])
    held = waiting.update(state=Mine.HELD, reason=Recipient.Reason.WITHDRAWN, settled_at=now)
    audit.record(actor, "publication.withdraw", row, after={"held": held}, reason=reason.strip()[:200])
    return row


@service("publication.tell")
def note_told(*, recipient: Recipient, actor: User, now: datetime) -> Recipient:
    """Note that a client who takes only calls was told of it by phone; it keeps the promise as a message would.

    Raises ``NotToBeTold`` (somebody was faster, it was withdrawn, or it holds no longer) and ``ClientRestricted``.
    """
    lock(Client.objects.all(), pk=recipient.client_id)
    row: Recipient = lock(Recipient.objects.select_related("client", "publication__delivery"), pk=recipient.pk)
    today = local_date(now)
    is_out = row.publication.state == State.SENT and row.publication.holds_on(today)
    if row.state != Mine.CALL or not is_out:
        raise NotToBeTold
    row.state, row.told_by, row.settled_at = Mine.TOLD, actor, now
    row.save(update_fields=["state", "told_by", "settled_at"])
    kept = keep_by(row.publication.delivery, [row.client_id], today, actor)
    audit.record(actor, "publication.tell", row, after={"kept": kept}, client=row.client)
    return row


def keep_by(delivery: Delivery | None, clients: Sequence[int], day: date, by: User) -> int:
    """What these clients were owed of the service of a sending is kept with it, once each; and it counts them."""
    if delivery is None or not clients:
        return 0
    kept = keep_oldest(delivery, list(clients), day, by)
    Delivery.objects.filter(pk=delivery.pk).update(clients=F("clients") + len(clients), kept=F("kept") + kept)
    return kept


def _keep_file(row: Publication, upload: UploadedFile[bytes] | None, actor: User) -> None:
    if upload is None:
        return
    try:
        attachments.store(upload, owner=row, actor=actor)
    except attachments.FileRefused as refusal:
        raise attachments.FileRefused(fields={"upload": refusal.message}) from None


def _rows() -> Any:
    return Publication.objects.select_related("branch__company", "item", "delivery")


def _counts(row: Publication) -> dict[str, int]:
    return {"reached": row.recipients.exclude(state=Mine.LEFT_OUT).count(), **row.recipients.all().by_reason()}


def _say(row: Publication, values: Mapping[str, Any], segments: Sequence[PreferenceSegment], today: date) -> None:
    if unknown := sorted(set(values) - set(SAID)):
        raise TypeError(f"not for publications: {', '.join(unknown)}")
    for name, value in values.items():
        setattr(row, name, value.strip() if isinstance(value, str) else value)
    check(row, exclude=["branch", "made_by", "sent_by", "delivery", "segments"])
    if not segments:
        raise InvalidInput(fields={"segments": _("Say on whose menu it stands.")})
    for segment in segments:
        is_ours = segment.company_id == row.branch.company_id and segment.branch_id in (None, row.branch_id)
        if not is_ours or not segment.is_active:
            raise InvalidInput(fields={"segments": _("Choose preference segments of this branch that are in use.")})
    if row.valid_until < today:
        raise InvalidInput(fields={"valid_until": _("This day is over.")})
    _refuse_service(row, max(row.valid_from, today))


def _refuse_service(row: Publication, day: date) -> None:
    if row.item is not None and not ServiceItem.objects.offers(row.branch, row.item, day):
        raise InvalidInput(fields={"item": _("The branch does not offer this service on this day.")})
