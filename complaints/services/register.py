"""Taking a complaint down."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.db.models import Max
from django.db.models.functions import Cast, Substr
from django.utils.translation import gettext as _

from clients.days import too_late
from clients.identity import IdentityRefused, read_phone
from clients.models import Client
from complaints.errors import FactsMissing
from complaints.models import Complaint, ComplaintEvent
from complaints.services.clocks import check_imposed, start_clocks
from complaints.services.evidence import keep_evidence
from crm.core import audit
from crm.core.attachments import FileRefused
from crm.core.checked import check
from crm.core.clocks import local_date
from crm.core.crypto import blind_index
from crm.core.models import Branch, User
from crm.core.service import service

_SERIAL = 5


@service("complaint.register")
def register_complaint(
    *,
    actor: User,
    branch: Branch,
    now: datetime,
    received_at: datetime,
    channel: str,
    subject: str,
    description: str,
    client: Client | None = None,
    complainant_name: str = "",
    complainant_phone: str = "",
    complained_of: User | None = None,
    imposed_due_on: date | None = None,
    evidence: UploadedFile[bytes] | None = None,
    **facts: Any,
) -> Complaint:
    """Register a complaint of a client, or of somebody who is none, and start its clocks.

    The phone of somebody who is no client is read as a client's is, and kept in that form.
    ``imposed_due_on`` is the due date of a body that handed the complaint on; it overrides our own limit. ``facts`` are
    product, wish, level, is_group, is_urgent. ``evidence`` is a file that came with it: with a bad one nothing is taken down.
    Raises ``FactsMissing`` and ``FileRefused``.
    """
    complainant_phone = _check(
        client, branch, complainant_name, description, received_at, now, complainant_phone=complainant_phone
    )
    if imposed_due_on is not None:
        check_imposed(channel, imposed_due_on, received_at)
    complaint = Complaint(
        number=next_number(branch, local_date(received_at)),
        branch=branch,
        client=client,
        complainant_name=complainant_name,
        complainant_phone=complainant_phone,
        complainant_phone_index=blind_index(complainant_phone),
        channel=channel,
        subject=subject,
        description=description,
        complained_of=complained_of,
        registered_by=actor,
        received_at=received_at,
        **facts,
    )
    check(complaint, exclude=["complainant_name", "complainant_phone"])
    complaint.save()
    start_clocks(complaint, local_date(received_at), imposed_due_on=imposed_due_on)
    ComplaintEvent.objects.create(
        complaint=complaint, action="register", to_state=complaint.state, actor=actor, at=now, note=description[:400]
    )
    if evidence is not None:
        _keep(evidence, complaint, actor, now)
    after = {"number": complaint.number, "channel": channel, "subject": subject}
    audit.record(actor, "complaint.register", complaint, after=after, client=client)
    return complaint


def _keep(upload: UploadedFile[bytes], complaint: Complaint, actor: User, now: datetime) -> None:
    """Store the file that came with it; a refusal is said beside its field."""
    try:
        keep_evidence(actor=actor, complaint=complaint, upload=upload, now=now)
    except FileRefused as refusal:
        raise FileRefused(fields={"evidence": refusal.message}) from None


def _check(
    client: Client | None,
    branch: Branch,
    name: str,
    description: str,
    received_at: datetime,
    now: datetime,
    *,
    complainant_phone: str,
) -> str:
    """The phone in the form in which it is kept. Raises ``FactsMissing`` naming everything that cannot be taken down."""
    phone, missing = "", {}
    try:
        phone = read_phone(complainant_phone).e164 if complainant_phone.strip() else ""
    except IdentityRefused as refusal:
        missing["complainant_phone"] = refusal.message
    missing |= _facts_missing(client, branch, name, description, received_at, now)
    if missing:
        raise FactsMissing(fields=missing)
    return phone


def _facts_missing(
    client: Client | None, branch: Branch, name: str, description: str, received_at: datetime, now: datetime
) -> dict[str, Any]:
    missing: dict[str, Any] = {}
    if client is None and not name.strip():
        missing["complainant_name"] = _("Name the client, or the person who complains.")
    if client is not None and client.branch_id != branch.pk:
        missing["client"] = _("This client belongs to another branch.")
    if not description.strip():
        missing["description"] = _("Write down what happened.")
    if received_at > now:
        missing["received_at"] = _("This time lies in the future.")
    elif why := too_late(local_date(received_at), local_date(now)):
        missing["received_at"] = why
    return missing


def next_number(branch: Branch, day: date) -> str:
    """The next number of a branch and year, such as SH01-2026-00042; the branch row is locked, so no number comes twice."""
    Branch.objects.select_for_update().get(pk=branch.pk)
    lead = f"{branch.code}-{day.year}-"
    newest = (
        Complaint.objects.filter(branch=branch, number__startswith=lead)
        .annotate(serial=Cast(Substr("number", len(lead) + 1), models.IntegerField()))
        .aggregate(newest=Max("serial"))["newest"]
    )
    return f"{lead}{(newest or 0) + 1:0{_SERIAL}}"
