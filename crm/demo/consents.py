"""Notices about the clients' data, and what most of the demo's clients were told and said: marketing refused by some."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

from clients.models import Client, ConsentRecord, DataPurpose, PrivacyNotice
from crm.core.clocks import day_bounds
from crm.core.models import User
from crm.demo.staffing import Crew
from crm.roles import COMPLIANCE, FRONT_DESK

#: Purpose → text, kinds of data, retention.
_TEXTS = {
    "account": (
        "为开立并维护您的证券账户，我们处理以下个人信息。拒绝提供将无法开户。",
        "姓名、身份证件、联系方式、银行账户、证券账户",
        "账户关系终止后二十年",
    ),
    "marketing": (
        "经您同意，我们向您发送产品资讯、活动邀约和节日问候。您可随时撤回同意，不影响其他服务。",
        "姓名、手机号码、微信号、持仓偏好",
        "至您撤回同意为止",
    ),
    "financial": (
        "为评估您的财务状况，经您单独同意，我们处理以下敏感个人信息。",
        "收入、负债、外部金融资产",
        "账户关系终止后二十年",
    ),
}
#: How many years the notices are older than the demo.
_YEARS = 3
#: Of a hundred clients: asked about marketing, and of those how many say what.
_ASKED, _GIVEN, _REFUSED = 70, 78, 14


def record_consents(*, crew: Crew, seed: int, today: date) -> int:
    """Write notices and facts; returns how many facts."""
    officer = crew.of(None, COMPLIANCE)[0]
    since = today - timedelta(days=365 * _YEARS)
    notices = {
        code: PrivacyNotice(
            purpose=DataPurpose.objects.get(code=code),
            edition=1,
            effective_from=since,
            text=text,
            kinds=kinds,
            retention=retention,
            written_by=officer,
            written_at=day_bounds(since)[0],
        )
        for code, (text, kinds, retention) in _TEXTS.items()
    }
    PrivacyNotice.objects.bulk_create(notices.values())
    maker = random.Random(f"{seed}:consents")
    clerks = {branch.pk: crew.of(branch, FRONT_DESK)[0] for branch in crew.branches}
    rows: list[ConsentRecord] = []
    clients = Client.objects.served().order_by("branch__code", "external_id").only("pk", "branch_id", "opened_on")
    for client in clients:
        day = max(client.opened_on or since, since)
        rows += _said(client, clerks[client.branch_id], day, today, notices, maker)
    ConsentRecord.objects.bulk_create(rows, batch_size=1000)
    return len(rows)


def _said(
    client: Client,
    clerk: User,
    opened: date,
    today: date,
    notices: dict[str, PrivacyNotice],
    maker: random.Random,
) -> Iterator[ConsentRecord]:
    def fact(code: str, answer: str, on: date, channel: str, *, present: bool = True) -> ConsentRecord:
        notice = notices[code]
        return ConsentRecord(
            client=client,
            purpose=notice.purpose,
            basis=notice.purpose.basis,
            answer=answer,
            answered_on=on,
            channel=channel,
            notice=notice,
            recorded_by=clerk,
            recorded_at=day_bounds(on)[0] + timedelta(hours=10),
            is_present=present,
        )

    yield fact("account", "told", opened, "counter")
    if maker.randrange(100) >= _ASKED:
        return
    lot, later = maker.randrange(100), opened + (today - opened) / 2
    if lot < _GIVEN:
        yield fact("marketing", "given", opened, "counter")
    elif lot < _GIVEN + _REFUSED:
        yield fact("marketing", "refused", opened, "counter")
    else:
        yield fact("marketing", "given", opened, "app", present=False)
        yield fact("marketing", "withdrawn", later, "phone")
