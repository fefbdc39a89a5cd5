"""Segments and views of the demo: what a branch would keep."""

from __future__ import annotations

from typing import Any

from clients.models import Segment
from clients.services.segments import create_segment, create_view, pin
from crm.demo.staffing import Crew
from crm.roles import ADVISOR, MANAGER


def _on(field: str, op: str, value: Any = None) -> dict[str, Any]:
    said = {"field": field, "op": op}
    return said if value is None else {**said, "value": value}


_SERVED = _on("status", "in", ["active", "dormant"])
#: Name, what for, rule.
_SEGMENTS = (
    (
        "久未联系的大客户",
        "近 30 天日均资产 50 万以上，30 天内没有联系",
        {"all": [_SERVED, _on("assets_avg_30", "gte", "500000"), _on("last_contact", "not_last_days", 30)]},
    ),
    ("一周内生日", "生日祝福", {"all": [_SERVED, _on("birthday", "next_days", 7), _on("do_not_contact", "no")]}),
    (
        "测评或证件将到期",
        "三个月内须更新资料",
        {"any": [_on("risk_valid_until", "next_days", 90), _on("id_valid_until", "next_days", 90)]},
    ),
    (
        "跑输大盘的活跃客户",
        "投顾服务重点：交易活跃而收益落后于沪深300",
        {
            "all": [
                _on("tag_skill", "in", ["skill.below"]),
                {"any": [_on("tag_activity", "in", ["activity.month"]), _on("tag_turnover", "in", ["turnover.short"])]},
            ]
        },
    ),
    (
        "关注新股的客户",
        "新股提醒",
        {"any": [_on("needs_goals", "any", ["ipo"]), _on("needs_services", "any", ["ipo_reminder"])]},
    ),
    ("需求待更新", "半年内没有做过需求访谈", {"all": [_SERVED, _on("needs_on", "not_last_days", 180)]}),
)


def keep_sets(crew: Crew) -> int:
    """The managers share segments and a view with their branches; an advisor has one of his own. Returns how many segments."""
    for branch in crew.branches:
        manager = crew.of(branch, MANAGER)[0]
        for place, (name, purpose, rule) in enumerate(_SEGMENTS):
            values = {"name": name, "description": purpose, "share": "branch", "rule": rule}
            made = create_segment(values=values, actor=manager)
            if place == 0:
                pin(row=made, is_pinned=True, actor=manager)
        view = {
            "name": "等级与标签",
            "share": "branch",
            "query": {"status": ["active"]},
            "columns": ["number", "tier", "assets", "tags", "last"],
        }
        create_view(values={**view, "sort": "-assets"}, actor=manager)
        advisor = crew.of(branch, ADVISOR)[0]
        own = {"all": [_on("advisor", "mine"), _on("next_contact", "next_days", 7)]}
        create_segment(values={"name": "我本周要联系的客户", "rule": own}, actor=advisor)
    return int(Segment.objects.count())
