"""The demo's professional investors: some in force for a while, one about to run out, applications that wait and one refused."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from clients.models import Client, InvestorClassification
from clients.services import apply_for_class, approve_class, attach_proof, refuse_class
from crm.core.clocks import at_local
from crm.core.models import Branch, User
from crm.demo.staffing import Crew
from crm.roles import FRONT_DESK, MANAGER

#: How many days ago each application was made, and how it went.
_STORIES = (
    (340, "approve"),
    (352, "approve"),
    (120, "approve"),
    (60, "approve"),
    (12, "refuse"),
    (3, "wait"),
    (1, "wait"),
)
#: So many months of experience everybody states; the proof shows it.
_MONTHS = 72
#: An empty page: a whole file of its kind, as attachments are checked.
_PROOF = (
    b"%PDF-1.4\n"
    b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    b"xref\n"
    b"0 4\n"
    b"0000000000 65535 f \n"
    b"0000000009 00000 n \n"
    b"0000000052 00000 n \n"
    b"0000000101 00000 n \n"
    b"trailer<</Size 4/Root 1 0 R>>\n"
    b"startxref\n"
    b"164\n"
    b"%%EOF\n"
)


def classify_investors(*, crew: Crew, today: date) -> None:
    """Applications of the richest clients of both branches, through the services."""
    for branch in crew.branches:
        desk, manager = crew.of(branch, FRONT_DESK)[0], crew.of(branch, MANAGER)[0]
        for place, (client, (days_ago, ending)) in enumerate(zip(_richest(branch, today), _STORIES, strict=False)):
            day = today - timedelta(days=days_ago)
            row = _apply(client, desk, day, place)
            _end(row, ending, manager, day)


def _richest(branch: Branch, today: date) -> list[Client]:
    rows = Client.objects.served().filter(branch=branch, opened_on__lte=today - timedelta(days=400))
    return list(rows.select_related("branch").order_by("-total_assets", "external_id")[: len(_STORIES)])


def _apply(client: Client, desk: User, day: date, place: int) -> InvestorClassification:
    wanted = "C" if place % 2 else "B"
    held: Any = client.total_assets
    stated: dict[str, Any] = {"financial_assets": max(held, Decimal(0)) + 12_000_000, "months": _MONTHS}
    if client.kind == Client.Kind.INSTITUTION:
        stated["net_assets"] = Decimal(60_000_000)
    row: InvestorClassification = apply_for_class(
        client=client,
        wanted=wanted,
        applied_on=day - timedelta(days=2),
        stated=stated,
        notice_reference=f"SL-{client.branch.code}-{day:%Y%m%d}-{place:02d}",
        actor=desk,
        now=at_local(day, time(10, 20)),
    )
    attach_proof(
        classification=row, upload=SimpleUploadedFile(f"资产证明-{client.external_id}.pdf", _PROOF), actor=desk
    )
    return row


def _end(row: InvestorClassification, ending: str, manager: User, day: date) -> None:
    now = at_local(day, time(16, 5))
    if ending == "approve":
        approve_class(classification=row, actor=manager, now=now, note="证明材料齐全，同意。")
    elif ending == "refuse":
        refuse_class(classification=row, actor=manager, now=now, note="收入证明已过期，请补充后重新申请。")
