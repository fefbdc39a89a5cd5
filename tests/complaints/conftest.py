"""People and complaints that several tests need."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from complaints.models import Complaint
from complaints.services import act, register_complaint
from crm.core.models import Branch, User
from tests.factories.clients import ClientFactory

#: A Monday, ten o'clock in Shanghai.
MONDAY = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)

#: What each step puts on record when a test does not care.
FACTS: dict[str, dict[str, Any]] = {
    "classify": {"level": "major"},
    "contact": {"note": "已致电"},
    "note": {"note": "补充材料"},
    "refuse": {"note": "不属于受理范围"},
    "transfer": {"transferred_to": "北京营业部", "note": "账户在北京"},
    "propose": {"opinion": "属实", "outcome": "explained"},
    "send_back": {"note": "请补充证据"},
    "reply": {"reply": "已说明"},
    "object": {"note": "客户不认可"},
    "close": {"is_satisfied": True},
    "withdraw": {"note": "客户撤诉"},
    "confirm_withdrawal": {"note": "已电话核实撤诉意愿"},
    "reopen": {"note": "客户再次来电"},
    "ask_extension": {"extension_days": 20, "note": "调取历史记录"},
    "refuse_extension": {"note": "理由不足"},
    "impose_limit": {"imposed_due_on": date(2026, 6, 25), "note": "12386 同意延期"},
}


@pytest.fixture
def crew(branch: Branch, staff: Callable[..., User]) -> SimpleNamespace:
    """A branch that can run every four-eyes rule: two who handle, two who decide, and an advisor below the manager."""
    manager = staff("branch_manager", name="经理")
    return SimpleNamespace(
        manager=manager,
        desk=staff("front_desk", name="前台甲"),
        colleague=staff("front_desk", name="前台乙"),
        compliance=staff("compliance", name="合规"),
        advisor=staff("advisor", name="投顾", manager=manager),
    )


@pytest.fixture
def heard(branch: Branch, crew: SimpleNamespace) -> Callable[..., Complaint]:
    """``heard()``: a complaint of a client of the branch, taken down on a Monday morning."""

    def take_down(**said: Any) -> Complaint:
        client = said.pop("client", None) or ClientFactory(branch=branch, advisor=crew.advisor, phone="13812348000")
        now = said.pop("now", MONDAY)
        return register_complaint(
            **{
                "actor": crew.desk,
                "branch": client.branch,
                "client": client,
                "now": now,
                "received_at": now,
                "channel": "phone",
                "subject": "commission",
                "description": "佣金高于约定",
                **said,
            }
        )

    return take_down


@pytest.fixture
def walk(crew: SimpleNamespace) -> Callable[..., Complaint]:
    """``walk(complaint, "accept", "propose")``: the steps in order, each by somebody who may take it."""

    def go(complaint: Complaint, *actions: str, now: datetime = MONDAY) -> Complaint:
        for action in actions:
            decides = action in (
                "accept",
                "refuse",
                "transfer",
                "approve",
                "send_back",
                "reopen",
                "extend",
                "impose_limit",
            )
            actor = crew.manager if decides or action == "refuse_extension" else crew.desk
            facts = {"handler": crew.desk} if action in ("accept", "assign") else FACTS.get(action, {})
            complaint = act(actor=actor, complaint=complaint, action=action, now=now, **facts)
        return complaint

    return go
