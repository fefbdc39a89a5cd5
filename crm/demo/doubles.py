"""Clients of the demo who were taken in twice: suspected pairs of each kind, one dismissed, and one merge that waits."""

from __future__ import annotations

from datetime import datetime

from clients.models import Client, DuplicatePair
from clients.services.clients import create_client
from clients.services.duplicates import dismiss_pair, find_duplicates
from clients.services.merges import ask_merge
from crm.core.access import system_user
from crm.core.models import Branch
from crm.demo.staffing import Crew
from crm.roles import FRONT_DESK, MANAGER

#: What the second entry repeats of the first: somebody came to another counter, or opened his second account on the phone.
_REPEATED = (
    ("name", "phone"),
    ("name", "birth_date"),
    ("name", "id_kind", "id_number"),
    ("name", "phone", "birth_date"),
)
_PASSED_OVER = 6


def stand_twice(crew: Crew, *, now: datetime) -> int:
    """Take some clients of each branch in again under a new number; returns how many pairs wait for somebody."""
    for place, branch in enumerate(crew.branches):
        pairs = _taken_in_again(crew, branch, now)
        find_duplicates(branch=branch, actor=system_user(), now=now)
        manager = crew.of(branch, MANAGER)[0]
        if place == 0:
            staying, leaving = pairs[2]
            ask_merge(staying=staying, leaving=leaving, actor=manager, now=now, reason="证件号码相同，系重复建档")
        elif pair := DuplicatePair.objects.filter(branch=branch, score__lt=100).order_by("first_id").first():
            dismiss_pair(pair=pair, actor=manager, now=now, reason="已电话核实，系同名同生日的两位客户")
    return int(DuplicatePair.objects.filter(state=DuplicatePair.State.OPEN).count())


def _taken_in_again(crew: Crew, branch: Branch, now: datetime) -> list[tuple[Client, Client]]:
    desk = crew.of(branch, FRONT_DESK)[-1]
    known = Client.objects.filter(branch=branch, kind="person", status="active", restricted_on=None)
    known = known.exclude(phone_index="").exclude(id_index="").exclude(birth_date=None).order_by("external_id")
    pairs = []
    for client, repeated in zip(known[_PASSED_OVER:], _REPEATED, strict=False):
        again = create_client(
            branch=branch,
            external_id=f"9{client.external_id[1:]}",
            values={name: getattr(client, name) for name in repeated},
            actor=desk,
            now=now,
            same_document_reason="客户在柜台重新登记，待核实合并",
        )
        pairs.append((client, again))
    return pairs
