"""What goes from the menus to clients: a preference segment, somebody in it, a publication drawn up and sent."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from clients.models import Client
from crm.core import outbound
from crm.core.clocks import local_date
from crm.core.models import Branch, User
from tests.factories.clients import ClientFactory
from tests.factories.services import put_in_tier
from tiers.models import PreferenceSegment, Publication
from tiers.services.menus import Line, create_preference
from tiers.services.publications import create_publication, send_publication

OLD = date(2025, 1, 1)
SEGMENT = {
    "name_en": "Locals", "name_zh": "本地客户", "tier_codes": ["gold"],
    "rule": {"all": [{"field": "city", "op": "is", "value": "上海"}]},
}  # fmt: skip


def locals_of(branch: Branch, boss: User) -> PreferenceSegment:
    """Gold clients who live in Shanghai."""
    somebody(branch, city="北京")  # of the tier, and not of the segment
    made: PreferenceSegment = create_preference(
        values=SEGMENT, menu=[Line("report", "Banks", "银行业周报")], company=branch.company, branch=branch, actor=boss
    )
    return made


def somebody(branch: Branch, tier: str = "gold", **fields: Any) -> Client:
    made: Client = ClientFactory(
        **{"branch": branch, "city": "上海", "email": "a@example.com", "phone": "13900000001", **fields}
    )
    put_in_tier(made, tier, OLD)
    return made


def words(**more: Any) -> dict[str, Any]:
    today = local_date(timezone.now())
    return {
        "kind": "report", "title": "银行业周报第12期", "text": "净息差企稳，关注股息。", "valid_from": today,
        "valid_until": today + timedelta(days=7), **more,
    }  # fmt: skip


def draw(segment: PreferenceSegment, boss: User, **more: Any) -> Publication:
    made: Publication = create_publication(
        branch=boss.branch, values=words(**more), segments=[segment], actor=boss, now=timezone.now()
    )
    return made


def send(row: Publication, boss: User, now: datetime | None = None) -> Publication:
    sent: Publication = send_publication(publication=row, actor=boss, now=now or timezone.now())
    return sent


def states(row: Publication) -> dict[int, tuple[str, str]]:
    return {one.client_id: (one.state, one.reason) for one in row.recipients.all()}


def queued(client: Client, key: str) -> None:
    outbound.queue(
        purpose="survey.round", channel="email", address=client.email, subject="a", body="b", dedupe_key=key,
        due_at=timezone.now(), branch=client.branch, client_ref=client.public_id,
    )  # fmt: skip
