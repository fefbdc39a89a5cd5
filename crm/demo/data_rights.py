"""Requests of the demo's clients about their data in each state, two legal holds, and one client restricted to storage."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from clients.models import Client
from clients.services.data_requests import (
    approve_answer,
    ask_for_proof,
    check_identity,
    propose_answer,
    receive_request,
    take_request,
)
from clients.services.standing import set_hold
from crm.demo.staffing import Crew
from crm.roles import COMPLIANCE

#: Kind, channel, days ago, and the steps after the receipt; the last one is a deletion while retention runs.
_STORIES: tuple[tuple[str, str, int, tuple[str, ...], str], ...] = (
    ("access", "app", 2, (), "想查看营业部保存了我的哪些信息"),
    ("copy", "counter", 4, ("identity",), "请提供一份个人信息副本"),
    ("correct", "phone", 6, ("proof",), "单位地址已变更"),
    ("withdraw", "app", 9, ("identity", "take", "propose"), "不再接收营销信息"),
    ("access", "email", 20, ("identity", "take", "propose", "approve"), "查询信息使用情况"),
    ("delete", "letter", 25, ("identity", "take", "propose", "approve"), "已销户，请删除我的信息"),
)


def exercise_rights(crew: Crew, *, today: date, now: datetime) -> int:
    """Play the stories; returns how many requests there are."""
    officers = crew.of(None, COMPLIANCE)
    first, second = officers[0], officers[-1] if len(officers) > 1 else crew.of(None, "head_office")[0]
    left = list(Client.objects.filter(status="closed").order_by("branch__code", "external_id")[:3])
    active = list(Client.objects.filter(status="active").order_by("-total_assets", "external_id")[20:25])
    for place, (kind, channel, ago, steps, details) in enumerate(_STORIES):
        client = left[0] if kind == "delete" and left else active[place % len(active)]
        moment = now - timedelta(days=ago)
        row = receive_request(
            client=client,
            kind=kind,
            channel=channel,
            received_on=today - timedelta(days=ago),
            details=details,
            actor=first,
            now=moment,
        )
        for step in steps:
            moment += timedelta(hours=3)
            if step == "proof":
                ask_for_proof(request=row, actor=first, now=moment)
            elif step == "identity":
                check_identity(request=row, identity="document", actor=first, now=moment)
            elif step == "take":
                take_request(request=row, actor=first)
            elif step == "propose":
                propose_answer(request=row, grants=True, answer="经核实，同意您的请求。", actor=first)
            else:
                approve_answer(request=row, actor=second, now=moment)
    for client, reason in zip(left[1:] or active[-2:], ("法院协助查询，案件审理中", "监管调查期间留存"), strict=False):
        set_hold(client=client, reason=reason, actor=first, now=now - timedelta(days=12))
    return len(_STORIES)
