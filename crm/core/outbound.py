"""Sending what rows say is to be sent.

Claim and commit first, call the gateway with a time-out below the lease, then record. A sender that dies in between leaves a
message whose fate nobody knows: where the gateway drops doubles by key it is sent again, elsewhere it waits for a person
(reliability.md §1, M4).
"""

from __future__ import annotations

import hashlib
import json
import logging
import smtplib
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import NoReturn, Protocol

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.module_loading import import_string

from crm.core.clocks import after_quiet, database_now, local_date
from crm.core.faults import fault
from crm.core.jobs import due, hint, watches
from crm.core.models import Branch, Outbound
from crm.core.policies import figures
from crm.core.public_ids import new_public_id

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
#: A message later than this says what is no longer true; a backlog never leaves all at once.
MAX_LATENESS = timedelta(days=2)
RETRY_AFTER = timedelta(minutes=5)
MAX_ATTEMPTS = 5
PER_ROUND = 200
State = Outbound.State


class GatewayRefused(Exception):
    """The gateway says no, and will say no again (a bad address)."""


class NotHandedOver(Exception):
    """The gateway was not reached, so it surely has nothing: the message may go again later."""


class NotYet(Exception):
    """A last look says that the message may leave later, from ``until`` on."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class Gateway(Protocol):
    """Carries one message out of the house."""

    #: Whether the gateway drops a second message with the same key.
    dedupes: bool

    def send(self, message: Outbound) -> str:
        """Hand the message over; returns the gateway's reference.

        Raises ``GatewayRefused`` and ``NotHandedOver``. After any other fault nobody knows whether the message has left; it is
        tried again only where the gateway drops doubles.
        """
        ...


class MailGateway:
    """SMTP, or whatever Django's mail backend is. Mail servers do not drop doubles."""

    dedupes = False

    def send(self, message: Outbound) -> str:
        reference = f"<{message.dedupe_key}@{settings.CRM_MAIL_DOMAIN}>"
        letter = EmailMessage(
            subject=message.subject, body=message.body, to=[message.address], headers={"Message-ID": reference}
        )
        letter.connection = get_connection(timeout=10)
        try:
            letter.connection.open()
        except OSError as failure:  # SMTP's own errors are OSErrors as well
            raise NotHandedOver(type(failure).__name__) from failure
        try:
            letter.send()
        except ValueError as failure:  # an address or subject that no letter can carry
            raise GatewayRefused(type(failure).__name__) from failure
        except smtplib.SMTPRecipientsRefused as refusal:
            _sort_out(refusal)
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refusal:
            raise NotHandedOver(f"SMTP {refusal.smtp_code}") from refusal
        finally:
            _close(letter.connection)
        return reference


def _sort_out(refusal: smtplib.SMTPRecipientsRefused) -> NoReturn:
    """A mail server says 5xx for good and 4xx for now; it says both before it takes the letter."""
    codes = [code for code, _words in refusal.recipients.values()]
    if all(500 <= code < 600 for code in codes):
        raise GatewayRefused(f"SMTP {codes[0]}" if codes else "SMTP") from refusal
    raise NotHandedOver(f"SMTP {codes[0]}") from refusal


def _close(opened: BaseEmailBackend) -> None:
    try:
        opened.close()
    except OSError:
        logger.warning("mail server did not take leave")  # the letter's fate is known without it


class FileGateway:
    """Writes each message as a file below ``var/outbox``: for trying out, and for tests. The key is the file's name."""

    dedupes = True

    def send(self, message: Outbound) -> str:
        folder = settings.CRM_VAR / "outbox"
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(message.dedupe_key.encode()).hexdigest()[:24]
        target = folder / f"{name}.json"
        part = folder / f"{name}.{new_public_id()}.part"
        content = {"to": message.address, "subject": message.subject, "body": message.body}
        part.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        part.replace(target)
        return name


def gateway(channel: str) -> Gateway:
    """The adapter that settings name for a channel."""
    made: Gateway = import_string(settings.CRM_GATEWAYS[channel])()
    return made


def queue(
    *,
    purpose: str,
    channel: str,
    address: str,
    subject: str,
    body: str,
    dedupe_key: str,
    due_at: datetime,
    branch: Branch | None = None,
    client_ref: str = "",
) -> bool:
    """Write the row of a message in the caller's transaction; False when the same message is there already."""
    if Outbound.objects.filter(dedupe_key=dedupe_key).exists():
        return False
    message = Outbound(
        purpose=purpose,
        channel=channel,
        branch=branch,
        client_ref=client_ref,
        address=address,
        subject=subject,
        body=body,
        dedupe_key=dedupe_key,
        due_at=due_at,
    )
    # Two writers may both have passed the look above; the unique key lets the second one pass by without a row.
    Outbound.objects.bulk_create([message], ignore_conflicts=True)
    made: bool = Outbound.objects.filter(public_id=message.public_id).exists()
    if made:
        hint("core.send_outbound")
    return made


#: A look at what has changed since the message was queued; says why it shall not leave any more, or "". Raises ``NotYet``.
Look = Callable[[Outbound, datetime], str]
#: Purpose → its look.
_looks: dict[str, Look] = {}


def last_look(purpose: str) -> Callable[[Look], Look]:
    """Register the look that is taken right before a message of this purpose is sent."""

    def register(look: Look) -> Look:
        _looks[purpose] = look
        return look

    return register


def _why_not(message: Outbound, now: datetime) -> str:
    """Why a message stays in the house after all: it is too late, or what it says is wanted no more (reliability.md §1)."""
    if now - message.due_at > MAX_LATENESS:
        return "late"
    look = _looks.get(message.purpose)
    return look(message, now) if look is not None else ""


def deliver(pk: int, now: datetime) -> bool:
    """Claim one message, send it, note what came of it. False when another sender has it."""
    if not Outbound.objects.claim(pk=pk, now=now, until=now + LEASE):
        return False
    message: Outbound = Outbound.objects.get(pk=pk)
    ours = Outbound.objects.filter(pk=pk, state=State.SENDING, attempts=message.attempts)
    carrier = gateway(message.channel)
    try:
        reason = _why_not(message, now)
    except NotYet as later:
        ours.update(state=State.QUEUED, due_at=later.until, attempts=message.attempts - 1, lease_until=None)
        return True
    if reason:
        ours.update(state=State.MISSED, last_error=reason, lease_until=None)
        logger.warning("message held back", extra={"outbound": pk, "reason": reason})
        return True
    try:
        reference = carrier.send(message)
        fault("outbound.sent")
    except GatewayRefused as refusal:
        ours.update(state=State.FAILED, last_error=str(refusal)[:200], lease_until=None)
    except Exception as failure:  # noqa: BLE001  a gateway may fail in any way; the row keeps count
        may_go_again = carrier.dedupes or isinstance(failure, NotHandedOver)
        over = message.attempts >= MAX_ATTEMPTS
        ours.update(
            state=(State.DEAD if over else State.QUEUED) if may_go_again else State.UNKNOWN,
            due_at=now + RETRY_AFTER * message.attempts,
            last_error=str(failure)[:200] if isinstance(failure, NotHandedOver) else type(failure).__name__,
            lease_until=None,
        )
        logger.warning("message not sent", extra={"outbound": pk, "attempts": message.attempts})
    else:
        ours.update(state=State.SENT, provider_ref=reference[:120], sent_at=database_now(), lease_until=None)
    return True


@watches("outbound")
def oldest_due(now: datetime) -> datetime | None:
    """Since when the message that waits longest should have left."""
    return Outbound.objects.due(now).values_list("due_at", flat=True).first()


@due("core.send_outbound")
def send_due(now: datetime) -> int:
    """Settle what dead senders left, then send what is due.

    A slow gateway makes a round long: each lease begins when its message is taken, not when the round began.
    """
    _settle_abandoned(now)
    _wait_for_morning(now)
    began = database_now()
    waiting = list(Outbound.objects.due(now).values_list("pk", flat=True)[:PER_ROUND])
    return sum(deliver(pk, now + (database_now() - began)) for pk in waiting)


def _settle_abandoned(now: datetime) -> None:
    for channel in Outbound.Channel.values:
        lost = Outbound.objects.abandoned(now).filter(channel=channel)
        state = State.QUEUED if gateway(channel).dedupes else State.UNKNOWN
        lost.update(state=state, lease_until=None)


def _wait_for_morning(now: datetime) -> None:
    """What would ring in the quiet hours of its branch (figure ``outbound.quiet_hours``) is due at their end; letters disturb
    nobody, and what is too late already is not made younger."""
    waiting = Outbound.objects.due(now).filter(due_at__gte=now - MAX_LATENESS).exclude(channel=Outbound.Channel.EMAIL)
    for branch in Branch.objects.filter(pk__in=waiting.order_by().values("branch")).select_related("company"):
        begin, end = figures(local_date(now), branch).json("outbound.quiet_hours")
        until = after_quiet(now, time.fromisoformat(begin), time.fromisoformat(end))
        if until > now:
            waiting.order_by().filter(branch=branch).update(due_at=until)
